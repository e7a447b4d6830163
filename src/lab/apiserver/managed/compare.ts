import { type Json, sameJson } from '../json.ts';
import { below, emptySet, type FieldSet, fieldSet, union } from './field-set.ts';
import { resolved, type Shape } from './shape.ts';
import { inside } from './walk.ts';

/** What one value has and another has not, by place. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

const same: Comparison = { added: emptySet, removed: emptySet, modified: emptySet };

/** From one value to another of the same shape; nothing below what is owned as a whole. */
export function compared(shape: Shape, before: Json, after: Json): Comparison {
  const old = inside(shape, before);
  const next = inside(shape, after);
  if (old === null || next === null) return same;
  const places = new Set([...old.entries, ...next.entries].map(([place]) => place));
  const steps = [...places]
    .map((place) => [place, step(next.shapeAt(place), old.at(place), next.at(place))] as const)
    .filter(([, taken]) => taken !== unchanged);
  if (steps.length === 0) return same;
  const collected = (kind: keyof Comparison): FieldSet =>
    fieldSet(
      steps.filter(([, found]) => found.own === kind).map(([place]) => place),
      steps.map(([place, found]) => [place, found.inner[kind]]),
    );
  return { added: collected('added'), removed: collected('removed'), modified: collected('modified') };
}

interface Step {
  /** What happened to the place itself. */
  readonly own: keyof Comparison | null;
  readonly inner: Comparison;
}

const unchanged: Step = { own: null, inner: same };

function step(shape: Shape, before: Json | undefined, after: Json | undefined): Step {
  if (before === undefined || after === undefined) {
    const own = before === undefined ? 'added' : 'removed';
    const all = everythingIn(shape, before ?? after ?? null);
    return { own, inner: { ...same, [own]: all } };
  }
  // Most of an object stays as it is in most writes.
  if (sameJson(before, after)) return unchanged;
  const kind = resolved(shape, after).kind;
  const isOne = kind === 'atom' || resolved(shape, before).kind !== kind;
  if (isOne) return { own: 'modified', inner: same };
  return { own: null, inner: compared(shape, before, after) };
}

/** Every place in a value, those that only lead to others included. */
function everythingIn(shape: Shape, value: Json): FieldSet {
  const parts = inside(shape, value);
  if (parts === null) return emptySet;
  return fieldSet(
    parts.entries.map(([place]) => place),
    parts.entries.map(([place, item]) => [place, everythingIn(parts.shapeAt(place), item)]),
  );
}

/** What a comparison says was written. */
export function written({ added, modified }: Comparison): FieldSet {
  return union(added, modified);
}

/** The part of a comparison that is at these places at the top. */
export function restricted(
  { added, removed, modified }: Comparison,
  keep: (place: string) => boolean,
): Comparison {
  return { added: only(added, keep), removed: only(removed, keep), modified: only(modified, keep) };
}

/** The part of a set that is at these places at the top. */
export function only(set: FieldSet, keep: (place: string) => boolean): FieldSet {
  return fieldSet(
    [...set.members].filter(keep),
    [...set.children.keys()].filter(keep).map((place) => [place, below(set, place)]),
  );
}
