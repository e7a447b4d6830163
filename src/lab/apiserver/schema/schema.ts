import { types } from './types.ts';

/** The type of a field. `struct` names a type of the table; `any` is free-form. */
export type FieldType =
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'list'; readonly of: FieldType }
  | { readonly kind: 'map'; readonly of: FieldType };

export type Primitive =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'time'
  | 'microtime'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'schemaOrBoolean'
  | 'any';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
}

const parsed = new Map<string, ReadonlyMap<string, Field>>();

/** The fields of a type by name, in the order of the API reference. */
export function fieldsOf(type: string): ReadonlyMap<string, Field> {
  let fields = parsed.get(type);
  if (fields === undefined) {
    fields = parseFields(type);
    parsed.set(type, fields);
  }
  return fields;
}

function parseFields(type: string): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const entry of (types[type] ?? '').split(' ')) {
    const [name = '', code = ''] = entry.split(':');
    if (name === '') continue;
    const required = code.endsWith('!');
    fields.set(name, { name, type: parseType(required ? code.slice(0, -1) : code), required });
  }
  return fields;
}

function parseType(code: string): FieldType {
  if (code.startsWith('[]')) return { kind: 'list', of: parseType(code.slice(2)) };
  if (code.startsWith('{}')) return { kind: 'map', of: parseType(code.slice(2)) };
  return isPrimitive(code) ? { kind: 'primitive', name: code } : { kind: 'struct', name: code };
}

const primitives: ReadonlySet<string> = new Set<Primitive>([
  'string',
  'boolean',
  'int32',
  'int64',
  'double',
  'time',
  'microtime',
  'bytes',
  'quantity',
  'intOrString',
  'schemaOrBoolean',
  'any',
]);

function isPrimitive(code: string): code is Primitive {
  return primitives.has(code);
}
