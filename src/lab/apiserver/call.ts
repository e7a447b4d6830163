import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FieldRule } from './admission.ts';
import { parseBody, readBody } from './body.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Media } from './render.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { badRequest, StatusError } from './status.ts';
import type { FieldManager, Store } from './store.ts';

/** One request on its way through the handlers. */
export interface Call {
  readonly store: Store;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly media: Media;
}

/** What a handler gives back: a body to send, or nothing when it has taken over the response. */
export type Answer = { readonly code: number; readonly body: Json } | null;

/** How the client wants unknown fields handled; by default they are dropped with a warning. */
export function fieldRule({ query, response }: Call, patch?: string): FieldRule {
  const given = query.get('fieldValidation') ?? '';
  const validation = given === '' ? 'Warn' : given;
  if (validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore') {
    throw badRequest(`invalid fieldValidation ${JSON.stringify(given)}: must be Ignore, Warn or Strict`);
  }
  const warn = (message: string): void => {
    response.appendHeader('Warning', `299 - ${JSON.stringify(message.replaceAll(/[^\x20-\x7e]/g, '?'))}`);
  };
  return { validation, warn, ...(patch === undefined ? {} : { patch }) };
}

/** Who writes: `fieldManager`, or the program that the client says it is. */
export function managerFrom({ query, request }: Call, subresource: string): FieldManager {
  const asked = query.get('fieldManager') ?? '';
  if (asked.length > 128 || /[^\x20-\x7e]/.test(asked))
    throw invalidOption('fieldManager', 'Invalid value', 'must be at most 128 printable characters');
  const [program = ''] = (request.headers['user-agent'] ?? '').split('/');
  const own = program.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 128);
  return { name: asked || own || 'unknown', subresource };
}

/** 422 for an option of a patch. */
export function invalidOption(field: string, problem: string, why: string): StatusError {
  const message = `${problem}: ${why}`;
  const causes = [{ reason: `FieldValue${problem.split(' ')[0]}`, message, field }];
  const text = `PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`;
  return new StatusError(422, 'Invalid', text, { group: 'meta.k8s.io', kind: 'PatchOptions', causes });
}

/** `dryRun=All`; 400 for another value. */
export function isDryRun({ query }: Call): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
  const wrong = values.find((value) => value !== 'All');
  if (wrong !== undefined)
    throw badRequest(`invalid dryRun ${JSON.stringify(wrong)}: supported values: "All"`);
  return values.length > 0;
}

/** The body as an object of this resource; its kind must be the resource's own. */
export async function objectBody(call: Call, resource: Resource): Promise<JsonObject> {
  const value = parseBody(await readBody(call.request));
  if (value === undefined) throw badRequest('the body of the request is empty');
  if (!isObject(value)) throw badRequest('the body of the request is not an object');
  checkKind(value, resource);
  return value;
}

/** 400 when a body names another kind or version than that of the path; naming none is right. */
export function checkKind(value: JsonObject, resource: Resource): void {
  const wanted = apiVersionOf(resource);
  const { apiVersion, kind } = value;
  if (kind !== undefined && kind !== resource.kind) {
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(apiVersion ?? '')} cannot be handled as a ${resource.kind}: the object provided is unrecognized`,
    );
  }
  if (apiVersion !== undefined && apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${wanted})`,
    );
  }
}

/** Namespace and name of a body must be those of the path. */
export function placed(
  body: JsonObject,
  resource: Resource,
  namespace: string,
  name: string | null,
): JsonObject {
  const metadata = body.metadata ?? {};
  if (!isObject(metadata)) throw badRequest('metadata is not an object');
  if (
    resource.namespaced &&
    metadata.namespace !== undefined &&
    metadata.namespace !== '' &&
    metadata.namespace !== namespace
  ) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (name !== null && metadata.name !== undefined && metadata.name !== '' && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`,
    );
  }
  return {
    ...body,
    metadata: {
      ...metadata,
      ...(name === null ? {} : { name }),
      ...(resource.namespaced ? { namespace } : {}),
    },
  };
}
