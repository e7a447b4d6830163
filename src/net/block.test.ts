/** Against a model that keeps every address by itself, on a width where that is possible. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cidr } from '../model/address.ts';
import { addressFrom, addressValue } from './address.ts';
import { arePrefixes, blockRanges, rangesHold } from './block.ts';
import { type AddressRange, mergeRanges } from './range.ts';

const WIDTH = 64;

const ranges = fc
  .array(fc.tuple(fc.nat({ max: WIDTH - 1 }), fc.nat({ max: WIDTH - 1 })), { maxLength: 6 })
  .map((list) =>
    mergeRanges(
      list.map(
        ([a, b]): AddressRange => ({
          family: 4,
          first: BigInt(Math.min(a, b)),
          last: BigInt(Math.max(a, b)),
        }),
      ),
    ),
  );

/** The fewest, by taking every aligned power of two that is wholly inside and in no larger one. */
function prefixCount(list: readonly AddressRange[]): number {
  const inside = (from: bigint, size: bigint): boolean =>
    list.some(({ first, last }) => first <= from && from + size - 1n <= last);
  let count = 0;
  for (let size = 1n; size <= BigInt(WIDTH); size *= 2n)
    for (let from = 0n; from < BigInt(WIDTH); from += size)
      if (inside(from, size) && !inside((from / (2n * size)) * 2n * size, 2n * size)) count += 1;
  return count;
}

test('an address is held exactly by the range it lies in', () => {
  fc.assert(
    fc.property(ranges, (list) => {
      for (let value = 0n; value < BigInt(WIDTH); value += 1n)
        expect(rangesHold(list, value)).toBe(list.some(({ first, last }) => first <= value && value <= last));
    }),
  );
});

test('ranges are as many prefixes as it takes, and not one less', () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const count = prefixCount(list);
      expect(arePrefixes(list, count)).toBe(true);
      if (count > 0) expect(arePrefixes(list, count - 1)).toBe(false);
    }),
  );
  const all: AddressRange = { family: 6, first: 0n, last: 2n ** 128n - 1n };
  expect([
    arePrefixes([all], 1),
    arePrefixes([{ ...all, first: 1n }], 127),
    arePrefixes([{ ...all, first: 1n }], 128),
  ]).toEqual([true, false, true]);
});

test('blocks are the addresses of each without its own exceptions', () => {
  const found = blockRanges([
    { cidr: '10.0.0.0/30' as Cidr, except: ['10.0.0.1/32' as Cidr] },
    { cidr: '10.0.0.0/31' as Cidr, except: ['10.0.0.0/32' as Cidr] },
    { cidr: '::/127' as Cidr, except: ['::/128' as Cidr] },
  ]);
  expect(
    found.map(({ family, first, last }) => [addressFrom(family, first), addressFrom(family, last)]),
  ).toEqual([
    ['10.0.0.0', '10.0.0.3'],
    ['::1', '::1'],
  ]);
  expect(rangesHold(found.slice(0, 1), addressValue(addressFrom(4, 0x0a000003n)))).toBe(true);
});
