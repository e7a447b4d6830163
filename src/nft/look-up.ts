/** Whether a set of a table holds a key, and which element says so. */
import { unreadable } from './alphabet.ts';
import { elementRanges, joinFields } from './elements.ts';
import type { Element } from './objects.ts';
import type { NumberRange, Walkable, WalkSet } from './walkable.ts';

/** A set or map that was asked for a key. */
export interface Lookup {
  readonly set: string;
  /** The key, in the text form of elements. */
  readonly key: string;
  readonly hit: boolean;
  /** The element that matched; it differs from the key in interval sets. */
  readonly element: string | null;
  /** `!=`: the rule goes on when the set does not hold the key. */
  readonly negated: boolean;
}

export interface Value {
  /** As it stands in an element. */
  readonly text: string;
  readonly number: bigint;
}

/** Both ends are in it. */
export function within(range: NumberRange, value: bigint): boolean {
  return range.first <= value && value <= range.last;
}

/** `values`: one for each field of the set. Throws NFT_UNREADABLE when there is no such set. */
export function lookUp(walkable: Walkable, name: string, values: readonly Value[], negated: boolean): Lookup {
  const set = walkable.set(name);
  if (!set) throw unreadable(`a look-up in ${name}`, 'no such set');
  if (set.type.length !== values.length) throw unreadable(`a look-up in ${name}`, `${values.length} fields`);
  const key = joinFields(values.map(({ text }) => text));
  const element = set.interval ? holding(set, values) : set.elements.has(key) ? key : null;
  return { set: name, key, hit: element !== null, element, negated };
}

function holding(set: WalkSet, values: readonly Value[]): Element | null {
  const entry = intervalsOf(set).find(({ ranges }) =>
    ranges.every((range, index) => within(range, values[index]?.number ?? -1n)),
  );
  return entry?.element ?? null;
}

interface IntervalElement {
  readonly element: Element;
  readonly ranges: readonly NumberRange[];
}

/** Element text is parsed once per set, however many packets are walked. */
const INTERVALS = new WeakMap<ReadonlySet<Element>, readonly IntervalElement[]>();

function intervalsOf(set: WalkSet): readonly IntervalElement[] {
  const known = INTERVALS.get(set.elements);
  if (known) return known;
  const parsed = [...set.elements].map((element) => ({
    element,
    ranges: elementRanges(set.type, element),
  }));
  INTERVALS.set(set.elements, parsed);
  return parsed;
}
