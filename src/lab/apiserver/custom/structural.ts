import { at, isArray, isObject, type Json, type JsonObject, listAt, numberAt, textAt } from '../json.ts';

/**
 * A structural schema (`openAPIV3Schema` of a CustomResourceDefinition), read once: what has which type, what is
 * written where an object says nothing, what is checked, and how values merge. Reads any JSON; whether it is a good
 * schema is for schema-problems.ts.
 */
export interface Structural {
  /** Empty for any type; two for `x-kubernetes-int-or-string`. */
  readonly types: readonly JsonType[];
  readonly nullable: boolean;
  readonly properties: ReadonlyMap<string, Structural>;
  readonly required: readonly string[];
  /** Keys beside the properties; null when the schema does not say. */
  readonly additional: Structural | boolean | null;
  readonly items: Structural | null;
  /** Unknown fields stay. */
  readonly preserved: boolean;
  /** A whole object inside another, with apiVersion, kind and metadata. */
  readonly embedded: boolean;
  readonly fallback: Json | undefined;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly checks: ValueChecks;
}

export type JsonType = 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';

export interface ValueChecks {
  readonly choices: readonly Json[] | null;
  /** Null for none, and for one that is no regular expression. */
  readonly pattern: { readonly text: string; readonly expression: RegExp } | null;
  readonly format: string;
  readonly minimum: Bound | null;
  readonly maximum: Bound | null;
  readonly multipleOf: number | null;
  readonly length: Limits;
  readonly items: Limits;
  readonly properties: Limits;
  readonly allOf: readonly Structural[];
  readonly anyOf: readonly Structural[];
  readonly oneOf: readonly Structural[];
  readonly not: Structural | null;
}

export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

export interface Limits {
  readonly least: number | null;
  readonly most: number | null;
}

/** Reads `openAPIV3Schema` or a part of it; what is no schema there counts as absent. */
export function structuralOf(schema: JsonObject): Structural {
  const additional = at(schema, 'additionalProperties');
  return {
    types: typesOf(schema),
    nullable: schema.nullable === true,
    properties: new Map(Object.entries(schemasAt(schema, 'properties'))),
    required: listAt(schema, 'required').filter((name) => typeof name === 'string'),
    additional:
      typeof additional === 'boolean' ? additional : isObject(additional) ? structuralOf(additional) : null,
    items: schemaAt(schema, 'items'),
    preserved: schema['x-kubernetes-preserve-unknown-fields'] === true,
    embedded: schema['x-kubernetes-embedded-resource'] === true,
    fallback: at(schema, 'default'),
    listType: listTypeOf(textAt(schema, 'x-kubernetes-list-type')),
    listKeys: listAt(schema, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string'),
    atomicMap: textAt(schema, 'x-kubernetes-map-type') === 'atomic',
    checks: checksOf(schema),
  };
}

function checksOf(schema: JsonObject): ValueChecks {
  const choices = at(schema, 'enum');
  const pattern = textAt(schema, 'pattern');
  const expression = pattern === '' ? null : regularExpression(pattern);
  return {
    choices: isArray(choices) ? choices : null,
    pattern: expression === null ? null : { text: pattern, expression },
    format: textAt(schema, 'format'),
    minimum: boundAt(schema, 'minimum', 'exclusiveMinimum'),
    maximum: boundAt(schema, 'maximum', 'exclusiveMaximum'),
    multipleOf: numberAt(schema, 'multipleOf'),
    length: { least: numberAt(schema, 'minLength'), most: numberAt(schema, 'maxLength') },
    items: { least: numberAt(schema, 'minItems'), most: numberAt(schema, 'maxItems') },
    properties: { least: numberAt(schema, 'minProperties'), most: numberAt(schema, 'maxProperties') },
    allOf: listAt(schema, 'allOf').filter(isObject).map(structuralOf),
    anyOf: listAt(schema, 'anyOf').filter(isObject).map(structuralOf),
    oneOf: listAt(schema, 'oneOf').filter(isObject).map(structuralOf),
    not: schemaAt(schema, 'not'),
  };
}

/** Go's syntax where JavaScript shares it; null for what it cannot run. `(?i)` may stand in front, `\A`, `\z` anywhere. */
export function regularExpression(text: string): RegExp | null {
  const flags = /^\(\?([ims]+)\)/.exec(text);
  const body = text
    .slice(flags?.[0].length ?? 0)
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$');
  for (const unicode of ['u', '']) {
    try {
      return new RegExp(body, `${flags?.[1] ?? ''}${unicode}`);
    } catch {
      // Tried without: escapes of plain characters are errors only in Unicode mode.
    }
  }
  return null;
}

function typesOf(schema: JsonObject): readonly JsonType[] {
  if (schema['x-kubernetes-int-or-string'] === true) return ['integer', 'string'];
  const type = textAt(schema, 'type');
  return isJsonType(type) ? [type] : [];
}

const jsonTypes: ReadonlySet<string> = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);

/** Whether a text is a `type` that a schema may have. */
export function isJsonType(type: string): type is JsonType {
  return jsonTypes.has(type);
}

function listTypeOf(text: string): Structural['listType'] {
  return text === 'set' || text === 'map' ? text : 'atomic';
}

function boundAt(schema: JsonObject, key: string, exclusive: string): Bound | null {
  const value = numberAt(schema, key);
  return value === null ? null : { value, exclusive: schema[exclusive] === true };
}

function schemaAt(schema: JsonObject, key: string): Structural | null {
  const found = at(schema, key);
  return isObject(found) ? structuralOf(found) : null;
}

function schemasAt(schema: JsonObject, key: string): Readonly<Record<string, Structural>> {
  const found = at(schema, key);
  const entries = isObject(found) ? Object.entries(found) : [];
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (isObject(value) ? [[name, structuralOf(value)]] : [])),
  );
}
