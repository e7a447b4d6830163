import { numbers } from './numbers.ts';
import { type Field, fieldsOf } from './schema.ts';

/** What a protobuf field number of a type stands for. */
export type WireField =
  /** Go writes the zero value of such a field where JSON would leave it out. */
  | { readonly kind: 'field'; readonly field: Field; readonly zeroIsAbsent: boolean }
  /** A message whose fields belong to the outer object. */
  | { readonly kind: 'inline'; readonly type: string };

const parsed = new Map<string, ReadonlyMap<number, WireField>>();

/** By field number. `outer` is the type that an inline message belongs to, whose fields it uses. */
export function wireFieldsOf(type: string, outer: string): ReadonlyMap<number, WireField> {
  const id = `${type} ${outer}`;
  let fields = parsed.get(id);
  if (fields === undefined) {
    fields = parse(type, outer);
    parsed.set(id, fields);
  }
  return fields;
}

function parse(type: string, outer: string): ReadonlyMap<number, WireField> {
  const fields = new Map<number, WireField>();
  const known = fieldsOf(outer);
  for (const entry of (numbers[type] ?? '').split(' ')) {
    const [name = '', code = ''] = entry.split(':');
    const number = Number.parseInt(code, 10);
    if (name.startsWith('*')) fields.set(number, { kind: 'inline', type: name.slice(1) });
    const field = known.get(name);
    if (field !== undefined) fields.set(number, { kind: 'field', field, zeroIsAbsent: code.endsWith('~') });
  }
  return fields;
}

/** Whether objects of this kind can be read. */
export function isWireType(type: string): boolean {
  return Object.hasOwn(numbers, type);
}
