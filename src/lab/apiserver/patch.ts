import { type Body, parseJson, parseYaml, textOf } from './body.ts';
import { isObject, type Json, type JsonObject, type KubeObject } from './json.ts';
import { jsonPatch } from './patch-json.ts';
import { mergePatch } from './patch-merge.ts';
import { strategicPatch } from './patch-strategic.ts';
import type { Resource } from './resources.ts';
import { badRequest, unsupportedMediaType } from './status.ts';

export interface Patch {
  readonly text: string;
  readonly apply: (object: KubeObject) => JsonObject;
}

/** What the body of a patch does to an object of the resource; null for a Scale. */
export function patchOf(body: Body, resource: Resource | null): Patch {
  const { mediaType } = body;
  const text = textOf(body);
  if (text.trim() === '') throw badRequest('the patch is empty');
  switch (mediaType) {
    case 'application/json-patch+json': {
      const patch = parseJson(text);
      return { text, apply: (object) => jsonPatch(object, patch) };
    }
    case 'application/merge-patch+json': {
      const patch = objectPatch(parseJson(text));
      return { text, apply: (object) => objectPatch(mergePatch(object, patch)) };
    }
    case 'application/strategic-merge-patch+json': {
      if (resource?.custom) throw unknownFormat(customTypes);
      const patch = objectPatch(text.trimStart().startsWith('{') ? parseJson(text) : parseYaml(text));
      return { text, apply: (object) => strategicPatch(object.kind, object, patch) };
    }
    default:
      throw unknownFormat(
        resource?.custom ? customTypes : [...customTypes, 'application/strategic-merge-patch+json'],
      );
  }
}

/** How custom objects merge strategically nobody has said. */
const customTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

function unknownFormat(types: readonly string[]): Error {
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );
}

function objectPatch(value: Json): JsonObject {
  if (!isObject(value)) throw badRequest('error decoding patch: it must be an object');
  return value;
}
