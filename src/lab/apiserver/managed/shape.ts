import type { Structural } from '../custom/structural.ts';
import { isArray, isObject, type Json } from '../json.ts';
import type { Resource } from '../resources.ts';
import { isAtomicType, type ListKey, mergeRuleOf } from '../schema/merge-rules.ts';
import { type FieldType, fieldsOf } from '../schema/schema.ts';

/** How a value merges and who can own which part of it. */
export type Shape =
  /** One value, owned as a whole. */
  | { readonly kind: 'atom' }
  /** Fields, each with a shape of its own. `isNamed` tells the fields of a type from the keys of a map. */
  | {
      readonly kind: 'fields';
      readonly field: (name: string) => Shape;
      readonly isNamed: (name: string) => boolean;
    }
  /** A list of values, each owned by itself. */
  | { readonly kind: 'set' }
  /** A list of objects that are told apart by keys. */
  | { readonly kind: 'keyed'; readonly keys: readonly ListKey[]; readonly item: Shape }
  /** Nobody has said: an object has fields, everything else is one value. */
  | { readonly kind: 'unknown' };

const atom: Shape = { kind: 'atom' };
const unknown: Shape = { kind: 'unknown' };

/** Of a whole object, in this version of its kind. */
export function shapeOf(resource: Resource): Shape {
  if (resource.custom === null) return shapeOfType({ kind: 'struct', name: resource.kind });
  return fieldsShape(resource.custom.structural, new Map([['metadata', metadata]]));
}

/** The shape that a value of this type has: a type that is not the value's own makes it one value. */
export function resolved(shape: Shape, value: Json): Exclude<Shape, { kind: 'unknown' }> {
  switch (shape.kind) {
    case 'unknown':
      return isObject(value)
        ? { kind: 'fields', field: () => unknown, isNamed: () => false }
        : { kind: 'atom' };
    case 'fields':
      return isObject(value) ? shape : { kind: 'atom' };
    case 'set':
    case 'keyed':
      return isArray(value) ? shape : { kind: 'atom' };
    case 'atom':
      return shape;
  }
}

const shapes = new Map<string, Shape>();

function shapeOfType(type: FieldType): Shape {
  switch (type.kind) {
    case 'primitive':
      return type.name === 'any' ? unknown : atom;
    case 'list':
      return atom;
    case 'map': {
      const of = shapeOfType(type.of);
      return { kind: 'fields', field: () => of, isNamed: () => false };
    }
    case 'struct': {
      const known = shapes.get(type.name) ?? structShape(type.name);
      shapes.set(type.name, known);
      return known;
    }
  }
}

function structShape(type: string): Shape {
  if (isAtomicType(type)) return atom;
  const fields = fieldsOf(type);
  return {
    kind: 'fields',
    isNamed: (name) => fields.has(name),
    field: (name) => {
      const field = fields.get(name);
      return field === undefined ? unknown : fieldShape(type, name, field.type);
    },
  };
}

function fieldShape(struct: string, name: string, type: FieldType): Shape {
  const { apply, keys } = mergeRuleOf(struct, name);
  switch (apply) {
    case 'atomic':
      return atom;
    case 'set':
      return { kind: 'set' };
    case 'map':
      return { kind: 'keyed', keys, item: type.kind === 'list' ? shapeOfType(type.of) : unknown };
    case 'typed':
      return shapeOfType(type);
  }
}

const metadata: Shape = shapeOfType({ kind: 'struct', name: 'ObjectMeta' });

function structuralShape(schema: Structural): Shape {
  const { types, items, listType, listKeys } = schema;
  if (schema.embedded) return fieldsShape(schema, new Map([['metadata', metadata]]));
  if (types.length === 0) return schema.preserved ? unknown : atom;
  if (types[0] === 'object') return schema.atomicMap ? atom : fieldsShape(schema, new Map());
  if (types[0] !== 'array' || listType === 'atomic') return atom;
  if (listType === 'set') return { kind: 'set' };
  const keys = listKeys.map((name): ListKey => ({ name, fallback: items?.properties.get(name)?.fallback }));
  return { kind: 'keyed', keys, item: items === null ? unknown : structuralShape(items) };
}

function fieldsShape(schema: Structural, known: ReadonlyMap<string, Shape>): Shape {
  const { properties, additional } = schema;
  return {
    kind: 'fields',
    isNamed: (name) => properties.has(name) || known.has(name),
    field: (name) => {
      const property = known.get(name) ?? properties.get(name);
      if (property === undefined)
        return typeof additional === 'object' && additional !== null ? structuralShape(additional) : unknown;
      return 'kind' in property ? property : structuralShape(property);
    },
  };
}
