import { isObject, type Json, type JsonObject } from './json.ts';

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map<string, Json | undefined>(isObject(document) ? Object.entries(document) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  const merged: JsonObject = Object.fromEntries(result);
  return merged;
}
