/** Against a model that keeps every address by itself, on a width where that is possible. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Family } from '../model/address.ts';
import { type AddressRange, mergeRanges, subtractRanges } from './range.ts';

const WIDTH = 64;

const range: fc.Arbitrary<AddressRange> = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.nat({ max: WIDTH - 1 }), fc.nat({ max: WIDTH - 1 }))
  .map(([family, a, b]) => ({ family, first: BigInt(Math.min(a, b)), last: BigInt(Math.max(a, b)) }));
const ranges = fc.array(range, { maxLength: 8 });

function addressesOf(list: readonly AddressRange[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { family, first, last } of list)
    for (let value = first; value <= last; value += 1n) found.add(`${family} ${value}`);
  return found;
}

function expectDisjoint(list: readonly AddressRange[]): void {
  for (const [index, { family, first, last }] of list.entries()) {
    expect(first <= last).toBe(true);
    const next = list[index + 1];
    if (next === undefined) continue;
    // Sorted by family and start, neither overlapping nor touching.
    expect(next.family > family || (next.family === family && next.first > last + 1n)).toBe(true);
  }
}

test('a merge holds every address of its ranges and no other, disjoint and sorted', () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const merged = mergeRanges(list);
      expectDisjoint(merged);
      expect(addressesOf(merged)).toEqual(addressesOf(list));
    }),
    { numRuns: 2000 },
  );
});

test('a difference holds every address of the first that is in none of the second, disjoint and sorted', () => {
  fc.assert(
    fc.property(ranges, ranges, (from, minus) => {
      const rest = subtractRanges(from, minus);
      expectDisjoint(rest);
      const holes = addressesOf(minus);
      expect(addressesOf(rest)).toEqual(new Set([...addressesOf(from)].filter((each) => !holes.has(each))));
    }),
    { numRuns: 2000 },
  );
});

test('the ends of a family are addresses like any other', () => {
  const last = 2n ** 32n - 1n;
  const all: AddressRange = { family: 4, first: 0n, last };
  const end: AddressRange = { family: 4, first: last, last };
  expect(subtractRanges([all], [end])).toEqual([{ family: 4, first: 0n, last: last - 1n }]);
  expect(subtractRanges([all], [{ family: 4, first: 0n, last: 0n }])).toEqual([
    { family: 4, first: 1n, last },
  ]);
  expect(subtractRanges([all], [all])).toEqual([]);
  expect(subtractRanges([all], [{ ...all, family: 6 }])).toEqual([all]);
  expect(mergeRanges([end, { family: 6, first: last + 1n, last: last + 1n }])).toHaveLength(2);
});
