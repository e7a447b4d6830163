import { canonicalJson, isObject, type Json, type JsonObject } from '../json.ts';

/**
 * A set of places in an object, as `metadata.managedFields` writes them: `f:name` a field, `k:{"name":"x"}` an item
 * told apart by keys, `v:"x"` one told apart by its value. Never changed once made.
 */
export interface FieldSet {
  /** Places at this level that are in the set themselves. */
  readonly members: ReadonlySet<string>;
  /** What is in the set below a place. */
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const emptySet: FieldSet = { members: new Set(), children: new Map() };

/** Whether nothing is in a set, at any depth. */
export function isEmpty({ members, children }: FieldSet): boolean {
  return members.size === 0 && children.size === 0;
}

/** A set of its members and children, without children that are empty. */
export function fieldSet(
  members: Iterable<string>,
  children: Iterable<readonly [string, FieldSet]>,
): FieldSet {
  return {
    members: new Set(members),
    children: new Map([...children].filter(([, child]) => !isEmpty(child))),
  };
}

/** What is in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  const places = new Set([...a.children.keys(), ...b.children.keys()]);
  const children = [...places].map((place) => [place, union(below(a, place), below(b, place))] as const);
  return fieldSet([...a.members, ...b.members], children);
}

/** What is in `a` and not itself in `b`; owning a place is not owning what is below it. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  return fieldSet(
    [...a.members].filter((place) => !b.members.has(place)),
    [...a.children].map(([place, child]) => [place, difference(child, below(b, place))]),
  );
}

/** What is in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return fieldSet(
    [...a.members].filter((place) => b.members.has(place)),
    [...a.children].map(([place, child]) => [place, intersection(child, below(b, place))]),
  );
}

/** Whether two sets hold the same places. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  return isEmpty(difference(a, b)) && isEmpty(difference(b, a));
}

/** What is in a set below a place, an empty set for nothing. */
export function below({ children }: FieldSet, place: string): FieldSet {
  return children.get(place) ?? emptySet;
}

/** As a manager's entry writes it (FieldsV1). */
export function toFieldsV1({ members, children }: FieldSet): JsonObject {
  const places = [...new Set([...members, ...children.keys()])].sort();
  return Object.fromEntries(
    places.map((place) => {
      const child = children.get(place);
      if (child === undefined) return [place, {}];
      return [place, members.has(place) ? { '.': {}, ...toFieldsV1(child) } : toFieldsV1(child)];
    }),
  );
}

/** What is no place of an object is left out. */
export function fromFieldsV1(fields: Json | undefined): FieldSet {
  if (!isObject(fields)) return emptySet;
  const entries = Object.entries(fields).filter(([place]) => /^[fkvi]:/.test(place));
  const own = entries.filter(
    ([, value]) => isObject(value) && ('.' in value || Object.keys(value).length === 0),
  );
  return fieldSet(
    own.map(([place]) => place),
    entries.map(([place, value]) => [place, fromFieldsV1(value)]),
  );
}

/** The place of a field of a type, or of a key of a map. */
export function fieldPlace(name: string): string {
  return `f:${name}`;
}

/** The place of an item of a list by the fields that tell it apart. */
export function keyPlace(keys: JsonObject): string {
  return `k:${canonicalJson(keys)}`;
}

/** The place of an item of a set. */
export function valuePlace(value: Json): string {
  return `v:${canonicalJson(value)}`;
}

/** Every member as `.spec.ports[port=80,protocol="TCP"].name`, in order. */
export function pathsOf({ members, children }: FieldSet, prefix = ''): readonly string[] {
  const places = [...new Set([...members, ...children.keys()])].sort();
  return places.flatMap((place) => {
    const path = `${prefix}${shown(place)}`;
    return [...(members.has(place) ? [path] : []), ...pathsOf(below({ members, children }, place), path)];
  });
}

function shown(place: string): string {
  const text = place.slice(2);
  if (place.startsWith('f:')) return `.${text}`;
  if (!place.startsWith('k:')) return `[=${text}]`;
  const keys: Json = JSON.parse(text);
  const parts = isObject(keys)
    ? Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    : [];
  return `[${parts.join(',')}]`;
}
