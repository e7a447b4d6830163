import { type JsonObject, objectAt } from './json.ts';
import type { CustomResource, Resource } from './resources.ts';
import { type Field, type FieldType, fieldsOf, type Primitive } from './schema/schema.ts';

/** The schemas of these kinds and of every type they hold. */
export function schemasOf(own: readonly Resource[]): JsonObject {
  const custom = own.filter((resource) => resource.custom !== null);
  const result = new Map(custom.map((resource) => [customName(resource), customSchema(resource)]));
  const builtIn = own.filter((resource) => resource.custom === null);
  const queue = builtIn.map(({ kind }) => kind);
  if (custom.length > 0) queue.push('ObjectMeta');
  for (let type = queue.shift(); type !== undefined; type = queue.shift()) {
    if (result.has(schemaName(type))) continue;
    const resource = builtIn.find(({ kind }) => kind === type);
    const fields = [...fieldsOf(type).values()];
    for (const field of fields) {
      const inner = structOf(field.type);
      if (inner !== null) queue.push(inner);
    }
    result.set(schemaName(type), objectSchema(fields, resource ?? null));
  }
  return { ...Object.fromEntries(result), ...scalarSchemas };
}

/** As `x-kubernetes-group-version-kind` has it. */
export function kindOf({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

/** `com.example.v1.Widget` */
function customName({ group, version, kind }: Resource): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

/** The schema as its author wrote it, with what every object has. */
function customSchema(resource: CustomResource): JsonObject {
  const { schema } = resource.custom;
  return {
    ...schema,
    properties: {
      ...objectAt(schema, 'properties'),
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { $ref: `#/components/schemas/${schemaName('ObjectMeta')}` },
    },
    'x-kubernetes-group-version-kind': [kindOf(resource)],
  };
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
