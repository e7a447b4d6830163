import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Family } from '../model/address.ts';
import { type AddressRange, mergeRanges, subtractRanges } from './range.ts';

/** Small numbers, so that a set of numbers can be the model. */
const SIZE = 40;
const range: fc.Arbitrary<AddressRange> = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.nat(SIZE - 1), fc.nat(SIZE - 1))
  .map(([family, a, b]) => ({ family, first: BigInt(Math.min(a, b)), last: BigInt(Math.max(a, b)) }));
const ranges = fc.array(range, { maxLength: 8 });

function members(list: readonly AddressRange[]): ReadonlySet<string> {
  const set = new Set<string>();
  for (const { family, first, last } of list)
    for (let value = first; value <= last; value += 1n) set.add(`${family}:${value}`);
  return set;
}

/** Sorted, disjoint and not adjacent: the one way to write a set as ranges. */
function expectNormal(list: readonly AddressRange[]): void {
  for (const [index, { family, first, last }] of list.entries()) {
    expect(first <= last).toBe(true);
    const next = list[index + 1];
    if (next) expect(next.family > family || (next.family === family && next.first > last + 1n)).toBe(true);
  }
}

describe('ranges', () => {
  test('merging keeps the addresses and leaves no two ranges that touch', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const merged = mergeRanges(list);
        expectNormal(merged);
        expect(members(merged)).toEqual(members(list));
      }),
      { numRuns: 1000 },
    );
  });

  test('subtracting leaves exactly what is in the one and not in the other', () => {
    fc.assert(
      fc.property(ranges, ranges, (from, minus) => {
        const rest = subtractRanges(from, minus);
        expectNormal(rest);
        const holes = members(minus);
        expect(members(rest)).toEqual(new Set([...members(from)].filter((member) => !holes.has(member))));
      }),
      { numRuns: 1000 },
    );
  });

  test('the last address of a family has no neighbour in the next one', () => {
    const last: AddressRange = { family: 4, first: 0n, last: 2n ** 32n - 1n };
    const first: AddressRange = { family: 6, first: 0n, last: 0n };
    expect(mergeRanges([first, last])).toEqual([last, first]);
    expect(subtractRanges([last, first], [last])).toEqual([first]);
  });
});
