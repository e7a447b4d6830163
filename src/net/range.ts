/** Inclusive address ranges: union and difference, always disjoint, not adjacent, sorted by family and start. */
import type { Family } from '../model/address.ts';

export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** The union of ranges of either family, in any order. */
export function mergeRanges(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of [...ranges].sort(byStart)) {
    const previous = merged.at(-1);
    if (previous?.family === range.family && range.first <= previous.last + 1n) {
      if (range.last > previous.last) merged[merged.length - 1] = { ...previous, last: range.last };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/** What is in `from` and not in `minus`; both may overlap and come in any order. */
export function subtractRanges(
  from: readonly AddressRange[],
  minus: readonly AddressRange[],
): readonly AddressRange[] {
  const holes = mergeRanges(minus);
  return mergeRanges(from).flatMap((range) => subtractOne(range, holes));
}

function subtractOne(range: AddressRange, holes: readonly AddressRange[]): readonly AddressRange[] {
  const rest: AddressRange[] = [];
  let first = range.first;
  for (const hole of holes) {
    if (hole.family !== range.family || hole.last < first || hole.first > range.last) continue;
    if (hole.first > first) rest.push({ family: range.family, first, last: hole.first - 1n });
    first = hole.last + 1n;
  }
  if (first <= range.last) rest.push({ family: range.family, first, last: range.last });
  return rest;
}

function byStart(a: AddressRange, b: AddressRange): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.first < b.first ? -1 : a.first > b.first ? 1 : 0;
}
