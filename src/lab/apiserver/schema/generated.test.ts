import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as client from '@kubernetes/client-node';
import { expect, test } from 'vitest';

/**
 * types.ts and descriptions.ts say what the Kubernetes client says. After an update of the client, write them
 * anew with POLICYD_UPDATE=1.
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
];
/** Types whose fields are explained in full; of the others the first sentence. */
const explained = /^V1(NetworkPolicy|IPBlock|LabelSelector)/;
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
  return name.replace(/^(Core)?V1/, '').replace(/^DiscoveryV1/, 'Discovery');
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

function described(text: string, full: boolean): string {
  const plain = text.replaceAll("\\'", "'").replaceAll('\\"', '"').replaceAll(/\s+/g, ' ').trim();
  return full ? plain : (/^.*?[.](?= |$)/.exec(plain)?.[0] ?? plain);
}

async function generate(): Promise<{ readonly types: string; readonly descriptions: string }> {
  const types = new Map<string, string>();
  const descriptions = new Map<string, string>();
  const queue = [...roots];
  for (let model = queue.shift(); model !== undefined; model = queue.shift()) {
    if (types.has(shortName(model))) continue;
    const attributes = attributesOf(model);
    if (attributes === null) throw new Error(`the client has no ${model}`);
    const source = await readFile(join(models, `${model}.d.ts`), 'utf8');
    const entries: Record<string, string> = {};
    const full = explained.test(model);
    const about = /\/\*\*\n\* ((?:(?!\*\/).)*)\n\*\/\nexport declare class/s.exec(source)?.[1] ?? '';
    if (about !== '') entries[''] = described(about, full);
    const codes = attributes.map((attribute) => {
      const { baseName } = attribute;
      const name = baseName.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const found = new RegExp(`(?:/\\*\\*\\n    \\* ([^\\n]*)\\n    \\*/\\n)?    '_?${name}'(\\??):`).exec(
        source,
      );
      const text = described(found?.[1] ?? '', full);
      if (text !== '') entries[baseName] = text;
      return `${baseName}:${codeOf(attribute, (next) => queue.push(next))}${found?.[2] === '' ? '!' : ''}`;
    });
    types.set(shortName(model), codes.join(' '));
    descriptions.set(shortName(model), JSON.stringify(entries));
  }
  const sorted = (map: Map<string, string>): [string, string][] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const head = (what: string): string =>
    `/** ${what} Generated from @kubernetes/client-node, held to it by generated.test.ts. */\n`;
  return {
    types: `${head('Fields by type: `name:type`, `[]` lists, `{}` maps, `!` required.')}export const types: Readonly<Record<string, string>> = {\n${sorted(
      types,
    )
      .map(([name, codes]) => `  ${name}: '${codes}',\n`)
      .join('')}};\n`,
    descriptions: `${head('What kubectl explain says of types (empty key) and fields.')}export const descriptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {\n${sorted(
      descriptions,
    )
      .map(([name, entries]) => `  ${name}: ${entries},\n`)
      .join('')}};\n`,
  };
}

test('the committed schema is the one of the Kubernetes client', async () => {
  const wanted = await generate();
  for (const [file, text] of [
    ['types.ts', wanted.types],
    ['descriptions.ts', wanted.descriptions],
  ] as const) {
    if (process.env.POLICYD_UPDATE === '1') await writeFile(join(here, file), text);
    expect(await readFile(join(here, file), 'utf8')).toBe(text);
  }
});
