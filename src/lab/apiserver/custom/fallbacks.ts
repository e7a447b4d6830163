import { isArray, isObject, type Json, type JsonObject } from '../json.ts';
import type { Structural } from './structural.ts';

/** The object with the defaults of its schema, where it says nothing or null that may not be. */
export function withFallbacks(schema: Structural, object: JsonObject): JsonObject {
  const filled = new Map<string, Json | undefined>(Object.entries(object));
  for (const [name, property] of schema.properties) {
    const value = filled.get(name);
    const missing = value === undefined || (value === null && !property.nullable);
    if (missing && property.fallback !== undefined) filled.set(name, property.fallback);
    const present = filled.get(name);
    if (present !== undefined) filled.set(name, inside(property, present));
  }
  const { additional } = schema;
  if (additional !== null && typeof additional === 'object') {
    for (const [name, value] of filled) {
      if (!schema.properties.has(name) && value !== undefined) filled.set(name, inside(additional, value));
    }
  }
  return Object.fromEntries(filled);
}

function inside(schema: Structural, value: Json): Json {
  if (isObject(value)) return withFallbacks(schema, value);
  const { items } = schema;
  return isArray(value) && items !== null ? value.map((item) => inside(items, item)) : value;
}
