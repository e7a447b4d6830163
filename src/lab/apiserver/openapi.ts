import { createHash } from 'node:crypto';
import type { Catalog } from './catalog.ts';
import type { JsonObject } from './json.ts';
import { kindOf, schemasOf } from './openapi-schemas.ts';
import { apiVersionOf, type GroupVersion, type Resource } from './resources.ts';

/**
 * A small OpenAPI v3: enough for kubectl to find that PATCH knows `fieldValidation` (so that it leaves validation
 * to the server), to compute strategic patches from the types it has built in, and to name fields and types.
 */
export function openApiIndex(catalog: Catalog): JsonObject {
  const paths = catalog.groupVersions().map((item) => {
    const text = JSON.stringify(openApiDocument(catalog, item));
    const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
    return [
      pathOfGroup(item),
      { serverRelativeURL: `/openapi/v3/${pathOfGroup(item)}?hash=${hash}` },
    ] as const;
  });
  return { paths: Object.fromEntries(paths) };
}

function pathOfGroup({ group, version }: GroupVersion): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/**
 * Version 2 says nothing but that it is there: kubectl falls back to it for kinds that version 3 does not know,
 * and without it would complain about the document instead of the kind.
 */
export const openApiV2Type = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** The message with its first field, `swagger: "2.0"`. */
export const openApiV2Bytes: Buffer = Buffer.from('\n\u00032.0', 'latin1');

/** `rest` is what follows `/openapi/v3/`; null for a version of a group that is not served. */
export function openApiDocumentAt(catalog: Catalog, rest: string): JsonObject | null {
  const found = catalog.groupVersions().find((item) => pathOfGroup(item) === rest);
  return found === undefined ? null : openApiDocument(catalog, found);
}

interface Built {
  readonly from: readonly Resource[];
  readonly document: JsonObject;
}

/** Built once for the kinds it is built from, which stay the same until a definition changes. */
const documents = new Map<string, Built>();

function openApiDocument(catalog: Catalog, { group, version }: GroupVersion): JsonObject {
  const own = catalog.served().filter((resource) => resource.group === group && resource.version === version);
  const id = pathOfGroup({ group, version });
  const known = documents.get(id);
  if (known?.from.length === own.length && own.every((resource, index) => resource === known.from[index]))
    return known.document;
  const document = buildDocument(own);
  documents.set(id, { from: own, document });
  return document;
}

function buildDocument(own: readonly Resource[]): JsonObject {
  return {
    openapi: '3.0.0',
    info: { title: 'policyd lab', version: 'v1.32.0' },
    paths: Object.fromEntries(own.flatMap(pathItems)),
    components: { schemas: schemasOf(own) },
  };
}

function pathItems(resource: Resource): readonly (readonly [string, JsonObject])[] {
  const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `/${pathOfGroup(resource)}${scope}/${resource.plural}`;
  return [
    [collection, { get: operation(resource, 'list'), post: operation(resource, 'post') }],
    [`${collection}/{name}`, { get: operation(resource, 'get'), patch: patchOperation(resource) }],
  ];
}

function operation(resource: Resource, action: string): JsonObject {
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kindOf(resource),
    responses: { '200': { description: `OK ${apiVersionOf(resource)} ${resource.kind}` } },
  };
}

function patchOperation(resource: Resource): JsonObject {
  const query = (name: string): JsonObject => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  });
  // Without strategic merge here kubectl takes the merge keys it has built in.
  const types = [
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/apply-patch+yaml',
  ];
  const content = Object.fromEntries(types.map((type) => [type, { schema: { type: 'object' } }]));
  return {
    ...operation(resource, 'patch'),
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(query),
    requestBody: { content, required: true },
  };
}
