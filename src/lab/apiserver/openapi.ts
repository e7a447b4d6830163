import { createHash } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { apiVersionOf, type GroupVersion, groupVersions, type Resource, resources } from './resources.ts';

/**
 * A small OpenAPI v3: enough for kubectl to find that PATCH knows `fieldValidation` (so that it leaves validation
 * to the server) and to compute strategic patches from the types it has built in.
 */
export function openApiIndex(): JsonObject {
  const paths = groupVersions().map((item) => {
    const hash = createHash('sha256')
      .update(JSON.stringify(openApiDocument(item)))
      .digest('hex')
      .slice(0, 32);
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

/** `rest` is what follows `/openapi/v3/`. */
export function openApiDocumentAt(rest: string): JsonObject | null {
  const found = groupVersions().find((item) => pathOfGroup(item) === rest);
  return found === undefined ? null : openApiDocument(found);
}

function openApiDocument(item: GroupVersion): JsonObject {
  const own = resources.filter(({ group, version }) => group === item.group && version === item.version);
  return {
    openapi: '3.0.0',
    info: { title: 'policyd lab', version: 'v1.32.0' },
    paths: Object.fromEntries(own.map((resource) => [objectPath(resource), pathItem(resource)])),
    components: { schemas: {} },
  };
}

function objectPath(resource: Resource): string {
  const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
  return `/${pathOfGroup(resource)}${scope}/${resource.name}/{name}`;
}

function pathItem(resource: Resource): JsonObject {
  const kind: JsonObject = {
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
  };
  const query = (name: string): JsonObject => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  });
  const content = Object.fromEntries(
    ['application/json-patch+json', 'application/merge-patch+json'].map((type) => [
      type,
      { schema: { type: 'object' } },
    ]),
  );
  return {
    get: {
      'x-kubernetes-action': 'get',
      'x-kubernetes-group-version-kind': kind,
      responses: { '200': { description: `OK ${apiVersionOf(resource)} ${resource.kind}` } },
    },
    patch: {
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': kind,
      parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(query),
      requestBody: { content, required: true },
      responses: { '200': { description: 'OK' } },
    },
  };
}
