/** Blocks with exceptions as address ranges, and what these are as prefixes. */
import type { Cidr } from '../model/address.ts';
import { cidrRange } from './cidr.ts';
import { type AddressRange, mergeRanges, subtractRanges } from './range.ts';

/** Whoever is in the first and in none of the others. */
export interface Block {
  readonly cidr: Cidr;
  readonly except: readonly Cidr[];
}

/** Disjoint, not adjacent, sorted by family and start. */
export function blockRanges(blocks: readonly Block[]): readonly AddressRange[] {
  return mergeRanges(
    blocks.flatMap(({ cidr, except }) => subtractRanges([cidrRange(cidr)], except.map(cidrRange))),
  );
}

/** `ranges` are of one family, disjoint and sorted; `value` is an address of it. */
export function rangesHold(ranges: readonly AddressRange[], value: bigint): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.last ?? 0n) < value) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.first <= value;
}

/** Whether the ranges are at most so many prefixes. Costs no more than to count to that. */
export function arePrefixes(ranges: readonly AddressRange[], most: number): boolean {
  let count = 0;
  for (const { first, last } of ranges) {
    for (let at = first; at <= last; at += largestAt(at, last)) {
      count += 1;
      if (count > most) return false;
    }
  }
  return true;
}

/** The size of the largest prefix that begins there and does not reach past `last`. */
function largestAt(at: bigint, last: bigint): bigint {
  let size = 1n;
  while ((at & size) === 0n && at + 2n * size - 1n <= last) size *= 2n;
  return size;
}
