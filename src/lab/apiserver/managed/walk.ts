import { isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { type FieldSet, fieldPlace, fieldSet, keyPlace, valuePlace } from './field-set.ts';
import { resolved, type Shape } from './shape.ts';

/** What is inside a value, by place; null for a value that is owned as a whole. */
export interface Inside {
  /** In order; items that should be told apart and are not share a place. */
  readonly entries: readonly (readonly [string, Json])[];
  /** The first entry of a place. */
  readonly at: (place: string) => Json | undefined;
  readonly shapeAt: (place: string) => Shape;
  /** Whether a place is a field of a type, and not a key of a map or an item of a list. */
  readonly isNamed: (place: string) => boolean;
  readonly kind: 'fields' | 'set' | 'keyed';
}

/** Null for a value that its shape says is one. */
export function inside(shape: Shape, value: Json): Inside | null {
  const own = resolved(shape, value);
  switch (own.kind) {
    case 'atom':
      return null;
    case 'fields': {
      const fields: (readonly [string, Json])[] = [];
      for (const [name, item] of Object.entries(isObject(value) ? value : {}))
        if (item !== undefined) fields.push([fieldPlace(name), item]);
      return {
        ...found('fields', fields),
        shapeAt: (place) => own.field(place.slice(2)),
        isNamed: (place) => own.isNamed(place.slice(2)),
      };
    }
    case 'set': {
      const items = (isArray(value) ? value : []).map((item) => [valuePlace(item), item] as const);
      return { ...found('set', items), shapeAt: () => ({ kind: 'atom' }), isNamed: () => false };
    }
    case 'keyed': {
      const items = (isArray(value) ? value : []).map((item) => [placeOf(own.keys, item), item] as const);
      return { ...found('keyed', items), shapeAt: () => own.item, isNamed: () => false };
    }
  }
}

function found(kind: Inside['kind'], entries: Inside['entries']): Pick<Inside, 'kind' | 'entries' | 'at'> {
  let first: ReadonlyMap<string, Json> | null = null;
  return {
    kind,
    entries,
    at: (place) => {
      first ??= new Map(entries.toReversed());
      return first.get(place);
    },
  };
}

/** The place of an item in a list whose items are told apart by keys. */
function placeOf(keys: Extract<Shape, { kind: 'keyed' }>['keys'], item: Json): string {
  // No object: validation will say so.
  if (!isObject(item)) return valuePlace(item);
  const values = keys.map(({ name, fallback }) => [name, item[name] ?? fallback] as const);
  return keyPlace(Object.fromEntries(values.filter(([, value]) => value !== undefined)));
}

/** Everything a value says, as places that somebody can own. */
export function saidBy(shape: Shape, value: Json): FieldSet {
  const parts = inside(shape, value);
  if (parts === null) return fieldSet([], []);
  const members: string[] = [];
  const children: [string, FieldSet][] = [];
  for (const [place, item] of parts.entries) {
    const below = inside(parts.shapeAt(place), item);
    const isLeaf = below === null || below.entries.length === 0;
    // Keys of maps and items of lists are owned as such, beside what is in them.
    if (isLeaf || !parts.isNamed(place)) members.push(place);
    if (!isLeaf) children.push([place, saidBy(parts.shapeAt(place), item)]);
  }
  return fieldSet(members, children);
}

/** The set with the fields of types that lead to its places, which somebody owns by owning something inside. */
export function withNamed(shape: Shape, set: FieldSet, value: Json): FieldSet {
  const parts = inside(shape, value);
  if (parts === null) return set;
  const named = [...set.children.keys()].filter((place) => parts.isNamed(place));
  return fieldSet(
    [...set.members, ...named],
    [...set.children].map(([place, child]) => [
      place,
      withNamed(parts.shapeAt(place), child, parts.at(place) ?? null),
    ]),
  );
}

/** The value without the places of a set. What is emptied so stays, empty, unless its own place is in the set. */
export function without(shape: Shape, value: Json, set: FieldSet): Json {
  const parts = inside(shape, value);
  if (parts === null) return value;
  const kept = parts.entries
    .filter(([place]) => !set.members.has(place))
    .map(([place, item]) => {
      const child = set.children.get(place);
      return [place, child === undefined ? item : without(parts.shapeAt(place), item, child)] as const;
    });
  return rebuilt(kept, parts.kind);
}

/** Entries as the object or the list they came from. */
export function rebuilt(entries: readonly (readonly [string, Json])[], kind: Inside['kind']): Json {
  if (kind !== 'fields') return entries.map(([, item]) => item);
  const object: JsonObject = Object.fromEntries(entries.map(([place, item]) => [place.slice(2), item]));
  return object;
}
