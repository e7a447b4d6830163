import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as client from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { merging } from './merging.ts';
import { fieldsOf } from './schema.ts';
import { types } from './types.ts';
import { isWireType, wireFieldsOf } from './wire.ts';

/**
 * types.ts says what the Kubernetes client says. After an update of the client, write it anew with
 * POLICYD_UPDATE=1, then the tables of deploy/kubernetes-tables.mjs.
 */
const roots = [
  'V1Namespace',
  'V1Node',
  'V1Pod',
  'V1Service',
  'V1Endpoints',
  'CoreV1Event',
  'V1ConfigMap',
  'V1Secret',
  'V1ServiceAccount',
  'V1NetworkPolicy',
  'V1Deployment',
  'V1ReplicaSet',
  'V1EndpointSlice',
  'V1Scale',
  'V1Binding',
  'V1Eviction',
  'V1DeleteOptions',
  'V1CustomResourceDefinition',
];
/** The client has `any` where a schema holds schemas. */
const schemas: Readonly<Record<string, string>> = {
  'V1JSONSchemaProps.items': 'JSONSchemaProps',
  'V1JSONSchemaProps.additionalProperties': 'schemaOrBoolean',
};
/** Quantities are plain strings in the client, but manifests may write them as numbers. */
const quantities = new Set([
  'limits',
  'requests',
  'capacity',
  'allocatable',
  'overhead',
  'sizeLimit',
  'divisor',
  'allocatedResources',
]);

const here = dirname(fileURLToPath(import.meta.url));
const models = join(dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node')), 'gen/models');

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

function attributesOf(name: string): readonly Attribute[] | null {
  const found: unknown = Reflect.get(client, name);
  if (typeof found !== 'function' || !('attributeTypeMap' in found)) return null;
  return found.attributeTypeMap as readonly Attribute[];
}

function shortName(name: string): string {
  return name.replace(/^(Core)?V1/, '').replace(/^(Discovery|Apiextensions)V1/, '$1');
}

function codeOf({ baseName, type, format }: Attribute, found: (model: string) => void): string {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) return `[]${codeOf({ baseName, type: list, format }, found)}`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) return `{}${codeOf({ baseName, type: map, format }, found)}`;
  switch (type) {
    case 'string':
      if (quantities.has(baseName)) return 'quantity';
      return format === 'byte' ? 'bytes' : 'string';
    case 'number':
      return format === '' ? 'int64' : format;
    case 'boolean':
    case 'any':
      return type;
    case 'Date':
      return 'time';
    case 'V1MicroTime':
      return 'microtime';
    case 'IntOrString':
      return 'intOrString';
  }
  found(type);
  return shortName(type);
}

async function generate(): Promise<string> {
  const types = new Map<string, string>();
  const queue = [...roots];
  for (let model = queue.shift(); model !== undefined; model = queue.shift()) {
    if (types.has(shortName(model))) continue;
    const attributes = attributesOf(model);
    if (attributes === null) throw new Error(`the client has no ${model}`);
    const source = await readFile(join(models, `${model}.d.ts`), 'utf8');
    const codes = attributes.map((attribute) => {
      const { baseName } = attribute;
      const name = baseName.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const optional = new RegExp(`    '_?${name}'(\\??):`).exec(source)?.[1];
      const code = schemas[`${model}.${baseName}`] ?? codeOf(attribute, (next) => queue.push(next));
      return `${baseName}:${code}${optional === '' ? '!' : ''}`;
    });
    types.set(shortName(model), codes.join(' '));
  }
  const lines = [...types]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, codes]) => `  ${name}: '${codes}',\n`);
  return [
    '/** Fields by type: `name:type`, `[]` lists, `{}` maps, `!` required. Generated from @kubernetes/client-node, held to it by generated.test.ts. */\n',
    'export const types: Readonly<Record<string, string>> = {\n',
    ...lines,
    '};\n',
  ].join('');
}

test('every field has its number on the wire, and what merges in its own way is a field', () => {
  const names = Object.keys(types).filter((type) => isWireType(type));
  expect(names.length).toBeGreaterThan(190);
  for (const type of names) {
    const fields = [...fieldsOf(type).keys()].filter((name) => name !== 'apiVersion' && name !== 'kind');
    const wire = [...wireNames(type, type)];
    expect(new Set(wire).size, type).toBe(wire.length);
    expect(wire, type).toEqual(expect.arrayContaining(fields));
  }
  for (const [type, rules] of Object.entries(merging)) {
    for (const rule of rules.split(' ')) {
      const field = rule.slice(0, rule.indexOf(':'));
      if (field !== '*') expect([...fieldsOf(type).keys()], type).toContain(field);
    }
  }
});

function* wireNames(type: string, outer: string): Generator<string> {
  for (const found of wireFieldsOf(type, outer).values()) {
    if (found.kind === 'inline') yield* wireNames(found.type, outer);
    else yield found.field.name;
  }
}

test('the committed types are those of the Kubernetes client', async () => {
  const wanted = await generate();
  if (process.env.POLICYD_UPDATE === '1') await writeFile(join(here, 'types.ts'), wanted);
  expect(await readFile(join(here, 'types.ts'), 'utf8')).toBe(wanted);
});
