import { isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { type FieldType, fieldsOf, type Primitive } from './schema.ts';

/** An object brought to its type: what decoding JSON into Go's structs and encoding it again would leave. */
export interface Conformed {
  readonly object: JsonObject;
  /** Full paths, in the order of the object. */
  readonly unknownFields: readonly string[];
  /** The first value of a wrong type, in the words of Go's decoder. */
  readonly mismatch: string | null;
}

export interface ConformOptions {
  /** Where the value stands in its object. */
  readonly path?: string;
  /** Empty lists and maps stay: who applies one says that it is empty. */
  readonly keepEmpty?: boolean;
}

/** Drops unknown fields and nulls, and empty lists and maps that the type does not require. */
export function conform(type: string, raw: JsonObject, options: ConformOptions = {}): Conformed {
  const { path = '', keepEmpty = false } = options;
  const pass = new Pass(keepEmpty);
  const object = pass.struct(type, raw, path, path);
  return { object, unknownFields: pass.unknown, mismatch: pass.mismatch };
}

interface Place {
  /** The struct that holds the field. */
  readonly struct: string;
  /** From the root, list positions included. */
  readonly path: string;
  /** From the root, without list positions, as Go reports it. */
  readonly goPath: string;
}

class Pass {
  readonly #keepEmpty: boolean;
  readonly unknown: string[] = [];
  mismatch: string | null = null;

  constructor(keepEmpty: boolean) {
    this.#keepEmpty = keepEmpty;
  }

  struct(type: string, raw: JsonObject, path: string, goPath: string): JsonObject {
    const fields = fieldsOf(type);
    const result: [string, Json][] = [];
    for (const [name, value] of Object.entries(raw)) {
      const here = path === '' ? name : `${path}.${name}`;
      const field = fields.get(name);
      if (field === undefined) {
        this.unknown.push(here);
        continue;
      }
      const place = { struct: type, path: here, goPath: goPath === '' ? name : `${goPath}.${name}` };
      const conformed = this.value(field.type, value ?? null, place);
      if (conformed === null) continue;
      if (!this.#keepEmpty && !field.required && isEmpty(field.type, conformed)) continue;
      result.push([name, conformed]);
    }
    return Object.fromEntries(result);
  }

  /** Null when there is nothing. */
  value(type: FieldType, value: Json, place: Place): Json | null {
    if (value === null) return null;
    switch (type.kind) {
      case 'primitive':
        return this.primitive(type.name, value, place);
      case 'struct':
        if (isObject(value)) return this.struct(type.name, value, place.path, place.goPath);
        return this.wrong(type, value, place);
      case 'list':
        if (!isArray(value)) return this.wrong(type, value, place);
        return value.map((item, index) => {
          const inside = { ...place, path: `${place.path}[${index}]` };
          return this.value(type.of, item, inside) ?? zero(type.of);
        });
      case 'map': {
        if (!isObject(value)) return this.wrong(type, value, place);
        const entries = Object.entries(value).map(([key, item]): [string, Json] => {
          const inside = { ...place, path: `${place.path}.${key}` };
          return [key, this.value(type.of, item ?? null, inside) ?? zero(type.of)];
        });
        return Object.fromEntries(entries);
      }
    }
  }

  primitive(name: Primitive, value: Json, place: Place): Json | null {
    const type = { kind: 'primitive', name } as const;
    switch (name) {
      case 'any':
        return value;
      case 'boolean':
        return typeof value === 'boolean' ? value : this.wrong(type, value, place);
      case 'int32':
        return isInteger(value, 2 ** 31) ? value : this.wrong(type, value, place);
      case 'int64':
        return isInteger(value, 2 ** 53) ? value : this.wrong(type, value, place);
      case 'double':
        return typeof value === 'number' ? value : this.wrong(type, value, place);
      case 'schemaOrBoolean':
        if (typeof value === 'boolean') return value;
        return this.value({ kind: 'struct', name: 'JSONSchemaProps' }, value, place);
      case 'intOrString':
        return typeof value === 'string' || isInteger(value, 2 ** 31)
          ? value
          : this.wrong(type, value, place);
      case 'quantity':
        return this.quantity(value);
      case 'bytes':
        if (typeof value === 'string' && !isBase64(value)) return this.refuse('illegal base64 data');
        return typeof value === 'string' ? value : this.wrong(type, value, place);
      case 'time':
      case 'microtime':
        if (typeof value === 'string' && Number.isNaN(Date.parse(value))) {
          const text = JSON.stringify(value);
          return this.refuse(
            `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`,
          );
        }
        return typeof value === 'string' ? value : this.wrong(type, value, place);
      case 'string':
        return typeof value === 'string' ? value : this.wrong(type, value, place);
    }
  }

  quantity(value: Json): Json | null {
    const text = typeof value === 'number' ? String(value) : value;
    if (
      typeof text === 'string' &&
      /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$/.test(text)
    ) {
      return text;
    }
    return this.refuse(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }

  wrong(type: FieldType, value: Json, { struct, goPath }: Place): null {
    const found = isArray(value) ? 'array' : isObject(value) ? 'object' : goValue(value);
    return this.refuse(
      `json: cannot unmarshal ${found} into Go struct field ${struct}.${goPath} of type ${goType(type)}`,
    );
  }

  refuse(message: string): null {
    this.mismatch ??= message;
    return null;
  }
}

function isInteger(value: Json, bound: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= -bound && value < bound;
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(text) && text.replaceAll(/[\r\n]/g, '').length % 4 === 0;
}

function isEmpty(type: FieldType, value: Json): boolean {
  if (type.kind === 'list') return isArray(value) && value.length === 0;
  return type.kind === 'map' && isObject(value) && Object.keys(value).length === 0;
}

const zeros: { readonly [name in Primitive]?: Json } = { boolean: false, int32: 0, int64: 0, double: 0 };

/** What Go holds where JSON says null inside a list or a map. */
function zero(type: FieldType): Json {
  switch (type.kind) {
    case 'struct':
    case 'map':
      return {};
    case 'list':
      return [];
    case 'primitive':
      if (type.name === 'any') return null;
      return zeros[type.name] ?? '';
  }
}

function goValue(value: Json): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'number') return typeof value;
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 'number' : `number ${value}`;
}

function goType(type: FieldType): string {
  switch (type.kind) {
    case 'list':
      return `[]${goType(type.of)}`;
    case 'map':
      return `map[string]${goType(type.of)}`;
    case 'struct':
      return `v1.${type.name}`;
    case 'primitive':
      return goPrimitives[type.name];
  }
}

const goPrimitives: Readonly<Record<Primitive, string>> = {
  string: 'string',
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  time: 'v1.Time',
  microtime: 'v1.MicroTime',
  bytes: '[]uint8',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  schemaOrBoolean: 'v1.JSONSchemaPropsOrBool',
  any: 'interface {}',
};
