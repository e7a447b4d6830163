import { createHash } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { apiVersionOf, type GroupVersion, groupVersions, type Resource, resources } from './resources.ts';
import { type Field, type FieldType, fieldsOf, type Primitive } from './schema/schema.ts';

/**
 * A small OpenAPI v3: enough for kubectl to find that PATCH knows `fieldValidation` (so that it leaves validation
 * to the server), to compute strategic patches from the types it has built in, and to name fields and types.
 */
export function openApiIndex(): JsonObject {
  const paths = groupVersions().map((item) => {
    const text = JSON.stringify(openApiDocument(item));
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

/** `rest` is what follows `/openapi/v3/`. */
export function openApiDocumentAt(rest: string): JsonObject | null {
  const found = groupVersions().find((item) => pathOfGroup(item) === rest);
  return found === undefined ? null : openApiDocument(found);
}

const documents = new Map<string, JsonObject>();

function openApiDocument(item: GroupVersion): JsonObject {
  const id = pathOfGroup(item);
  const document = documents.get(id) ?? buildDocument(item);
  documents.set(id, document);
  return document;
}

function buildDocument(item: GroupVersion): JsonObject {
  const own = resources.filter(({ group, version }) => group === item.group && version === item.version);
  return {
    openapi: '3.0.0',
    info: { title: 'policyd lab', version: 'v1.32.0' },
    paths: Object.fromEntries(own.flatMap(pathItems)),
    components: { schemas: schemas(own) },
  };
}

function pathItems(resource: Resource): readonly (readonly [string, JsonObject])[] {
  const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `/${pathOfGroup(resource)}${scope}/${resource.name}`;
  return [
    [collection, { get: operation(resource, 'list'), post: operation(resource, 'post') }],
    [`${collection}/{name}`, { get: operation(resource, 'get'), patch: patchOperation(resource) }],
  ];
}

function kindOf({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
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
  const types = ['application/json-patch+json', 'application/merge-patch+json'];
  const content = Object.fromEntries(types.map((type) => [type, { schema: { type: 'object' } }]));
  return {
    ...operation(resource, 'patch'),
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(query),
    requestBody: { content, required: true },
  };
}

function schemas(own: readonly Resource[]): JsonObject {
  const result = new Map<string, JsonObject>();
  const queue = own.map(({ kind }) => kind);
  for (let type = queue.shift(); type !== undefined; type = queue.shift()) {
    if (result.has(schemaName(type))) continue;
    const resource = own.find(({ kind }) => kind === type);
    const fields = [...fieldsOf(type).values()];
    for (const field of fields) {
      const inner = structOf(field.type);
      if (inner !== null) queue.push(inner);
    }
    result.set(schemaName(type), objectSchema(fields, resource ?? null));
  }
  return { ...Object.fromEntries(result), ...scalarSchemas };
}

function schemaName(type: string): string {
  return `io.k8s.v1.${type}`;
}

function structOf(type: FieldType): string | null {
  if (type.kind === 'primitive') return null;
  return type.kind === 'struct' ? type.name : structOf(type.of);
}

function objectSchema(fields: readonly Field[], resource: Resource | null): JsonObject {
  const required = fields.filter((field) => field.required).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field.name, typeSchema(field.type)])),
    ...(required.length === 0 ? {} : { required }),
    ...(resource === null ? {} : { 'x-kubernetes-group-version-kind': [kindOf(resource)] }),
  };
}

function typeSchema(type: FieldType): JsonObject {
  switch (type.kind) {
    case 'struct':
      return { $ref: `#/components/schemas/${schemaName(type.name)}` };
    case 'list':
      return { type: 'array', items: typeSchema(type.of) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.of) };
    case 'primitive':
      return primitives[type.name];
  }
}

/** Types that kubectl explain calls by their own name, though JSON has none for them. */
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const scalarSchemas: JsonObject = {
  [intOrString]: {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  [quantity]: {
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
};

const primitives: Readonly<Record<Primitive, JsonObject>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  time: { type: 'string', format: 'date-time' },
  microtime: { type: 'string', format: 'date-time' },
  bytes: { type: 'string', format: 'byte' },
  quantity: { $ref: `#/components/schemas/${quantity}` },
  intOrString: { $ref: `#/components/schemas/${intOrString}` },
  schemaOrBoolean: { type: 'object' },
  any: { type: 'object' },
};
