import { isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { type Conformed, conform } from '../schema/conform.ts';
import type { Structural } from './structural.ts';

/** A custom object without the fields its schema does not name; their paths are told. Metadata as in every kind. */
export function conformCustom(schema: Structural, raw: JsonObject): Conformed {
  const pass = new Pass();
  const object = pass.whole(raw, schema, '');
  return { object, unknownFields: pass.unknown, mismatch: pass.mismatch };
}

class Pass {
  readonly unknown: string[] = [];
  mismatch: string | null = null;

  /** An object with apiVersion, kind and metadata: the root, or one that is embedded. */
  whole(raw: JsonObject, schema: Structural, path: string): JsonObject {
    const { apiVersion, kind, metadata, ...rest } = raw;
    const pruned = this.fields(rest, schema, path);
    const own = {
      ...(apiVersion === undefined ? {} : { apiVersion }),
      ...(kind === undefined ? {} : { kind }),
    };
    if (!isObject(metadata)) return { ...own, ...(metadata === undefined ? {} : { metadata }), ...pruned };
    const conformed = conform('ObjectMeta', metadata, { path: joined(path, 'metadata') });
    for (const field of conformed.unknownFields) this.unknown.push(field);
    this.mismatch ??= conformed.mismatch;
    return { ...own, metadata: conformed.object, ...pruned };
  }

  fields(raw: JsonObject, schema: Structural, path: string): JsonObject {
    const kept: [string, Json][] = [];
    for (const [name, value] of Object.entries(raw)) {
      if (value === undefined) continue;
      const here = joined(path, name);
      const property = schema.properties.get(name);
      if (property !== undefined) kept.push([name, this.value(value, property, here)]);
      else if (schema.additional !== null && schema.additional !== false)
        kept.push([name, schema.additional === true ? value : this.value(value, schema.additional, here)]);
      else if (schema.preserved) kept.push([name, value]);
      else this.unknown.push(here);
    }
    return Object.fromEntries(kept);
  }

  value(value: Json, schema: Structural, path: string): Json {
    if (isObject(value))
      return schema.embedded ? this.whole(value, schema, path) : this.fields(value, schema, path);
    const { items } = schema;
    if (!isArray(value) || items === null) return value;
    return value.map((item, index) => this.value(item, items, `${path}[${index}]`));
  }
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
