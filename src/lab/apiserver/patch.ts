import { parseJson, parseYaml, readBody, textOf } from './body.ts';
import type { Call } from './call.ts';
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

/** Reads the body and gives what it does to an object of the resource; null for a Scale. */
export async function patched(call: Call, resource: Resource | null): Promise<Patch> {
  const body = await readBody(call.request);
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
    case 'application/apply-patch+yaml':
    case 'application/apply-patch+cbor':
      throw unsupportedMediaType(
        'server-side apply is not supported by the lab API server: use kubectl apply without --server-side',
      );
    default:
      throw unknownFormat(
        resource?.custom ? customTypes : [...customTypes, 'application/strategic-merge-patch+json'],
      );
  }
}

/** How custom objects merge strategically nobody has said. */
const customTypes = ['application/json-patch+json', 'application/merge-patch+json'];

function unknownFormat(types: readonly string[]): Error {
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
  );
}

function objectPatch(value: Json): JsonObject {
  if (!isObject(value)) throw badRequest('error decoding patch: it must be an object');
  return value;
}
