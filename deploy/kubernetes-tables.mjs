// Writes the tables of src/lab/apiserver/schema that only the Go sources of Kubernetes know: field numbers of
// protobuf, and how lists and maps merge. Needs `go`, which fetches the modules and checks their sums.
// `--check` writes nothing, and exits with 1 where a committed table is another.

import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The release whose client @kubernetes/client-node is; types.ts is made from that one. */
const release = 'v0.36.0';
const sources = {
  'k8s.io/api': [
    'core/v1/types.go',
    'apps/v1/types.go',
    'networking/v1/types.go',
    'discovery/v1/types.go',
    'autoscaling/v1/types.go',
    'policy/v1/types.go',
  ],
  'k8s.io/apimachinery': ['pkg/apis/meta/v1/types.go'],
  'k8s.io/apiextensions-apiserver': [
    'pkg/apis/apiextensions/v1/types.go',
    'pkg/apis/apiextensions/v1/types_jsonschema.go',
  ],
};
/** Go packages that name a type of another package anew, and how types.ts tells them apart. */
const prefixes = { 'discovery/v1': 'Discovery', 'apiextensions/v1': 'Apiextensions' };
const prefixed = new Set([
  'DiscoveryEndpointPort',
  'ApiextensionsServiceReference',
  'ApiextensionsWebhookClientConfig',
]);
/** kubectl writes these kinds as JSON alone. */
const jsonOnly = /apiextensions/;
const schema = new URL('../src/lab/apiserver/schema/', import.meta.url);

const known = new Set((await readFile(new URL('types.ts', schema), 'utf8')).match(/(?<=^ {2})\w+(?=:)/gm));
const structs = new Map();
const collections = new Map();
for (const { Path, Dir } of modules()) {
  for (const file of sources[Path]) read(await readFile(join(Dir, file), 'utf8'), file);
}

const tables = {
  'numbers.ts': table(
    'numbers',
    [
      'Protobuf field numbers by type: `name:number`, `~` where Go writes zero values, `*Type:number` for a message',
      'whose fields count as the outer ones.',
    ],
    numbersOf,
  ),
  'merging.ts': table(
    'merging',
    [
      'What merges in other ways than types.ts makes one think, by type and field (`*`: the type itself).',
      '`set`, `map(keys)` with defaults of keys, `atomic`: for server-side apply, where other lists are atomic and',
      'other maps are not. `merge(key)`: for strategic merge, where other lists are replaced.',
    ],
    mergingOf,
  ),
};
let status = 0;
for (const [name, text] of Object.entries(tables)) {
  const file = new URL(name, schema);
  const old = await readFile(file, 'utf8').catch(() => '');
  if (old === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`src/lab/apiserver/schema/${name} is not what deploy/kubernetes-tables.mjs makes`);
    status = 1;
  } else await writeFile(file, text);
}
process.exit(status);

function modules() {
  const wanted = Object.keys(sources).map((path) => `${path}@${release}`);
  const text = execFileSync('go', ['mod', 'download', '-json', ...wanted], { encoding: 'utf8' });
  return JSON.parse(`[${text.trim().replaceAll(/^}\n\{/gm, '},{')}]`);
}

/** Line by line, as gofmt writes types: the markers of a field stand in the comment above it. */
function read(text, file) {
  const directory = file.split('/').slice(-3, -1).join('/');
  let struct = null;
  let markers = [];
  for (const line of text.split('\n')) {
    const marker = /^\s*\/\/ ?\+(\S+)/.exec(line)?.[1];
    const opening = /^type (\w+) struct \{/.exec(line)?.[1];
    const collection = /^type (\w+) (map\[|\[\])/.exec(line)?.[1];
    if (marker !== undefined) markers.push(marker);
    else if (collection !== undefined) collections.set(collection, true);
    else if (opening !== undefined) {
      const own = `${prefixes[directory] ?? ''}${opening}`;
      struct = { atomic: markers.includes('structType=atomic'), file, fields: [] };
      structs.set(prefixed.has(own) ? own : opening, struct);
      markers = [];
    } else if (line === '}') struct = null;
    else if (struct !== null && /^\t[\w.]+.*`/.test(line)) {
      struct.fields.push(fieldOf(line, markers));
      markers = [];
    } else if (line === '' || struct === null) {
      // A marker may be separated from its type by more comment, not by code.
      if (!line.startsWith('//') && line !== '') markers = [];
    }
  }
}

function fieldOf(line, markers) {
  const [, name, goType = name.replace(/^\w+\./, '')] = /^\t([\w.]+)(?:\s+([^\s`]+))?\s+`/.exec(line);
  const tag = (key) => new RegExp(`[\`\\s]${key}:"([^"]*)"`).exec(line)?.[1] ?? '';
  const value = (key) =>
    markers.filter((marker) => marker.startsWith(`${key}=`)).map((m) => m.slice(key.length + 1));
  return {
    json: tag('json').split(',')[0],
    inline: tag('json').split(',').includes('inline'),
    goType,
    number: tag('protobuf').split(',')[1] ?? '',
    patchKey: tag('patchMergeKey'),
    patches: tag('patchStrategy').split(','),
    type: value('listType')[0] ?? value('mapType')[0] ?? value('structType')[0] ?? '',
    keys: value('listMapKey'),
    fallback: value('default')[0] ?? '',
  };
}

function numbersOf({ fields, file }) {
  if (jsonOnly.test(file)) return '';
  return fields
    .filter(({ number }) => number !== '')
    .map(({ json, inline, goType, number }) => {
      const written = !/^(\*|\[\]|map\[)/.test(goType) && !collections.has(goType);
      return inline ? `*${goType}:${number}` : `${json}:${number}${written ? '~' : ''}`;
    })
    .join(' ');
}

function mergingOf({ atomic, fields }) {
  const own = fields.flatMap((field) => {
    const rules = [merges(field), patches(field)].filter((rule) => rule !== '');
    return rules.length === 0 || field.json === '' ? [] : [`${field.json}:${rules.join('+')}`];
  });
  const inlined = fields.filter(({ inline }) => inline).map(({ goType }) => structs.get(goType));
  const outer = inlined.filter(Boolean).map((struct) => mergingOf({ ...struct, atomic: false }));
  return [...(atomic ? ['*:atomic'] : []), ...outer, ...own].filter((text) => text !== '').join(' ');
}

function merges({ goType, type, keys, patchKey, patches: strategies }) {
  const list = goType.startsWith('[]');
  if (list && type === '' && strategies.includes('merge'))
    return patchKey === '' ? 'set' : `map(${patchKey})`;
  if (type === 'map') return `map(${keys.map((key) => withDefault(goType, key)).join(',')})`;
  if (type === 'set' || (type === 'atomic' && !list)) return type;
  return '';
}

function withDefault(goType, key) {
  const element = structs.get(goType.replace(/^\[\]\*?/, '').replace(/^\w+\./, ''));
  const fallback = element?.fields.find(({ json }) => json === key)?.fallback ?? '';
  return fallback === '' ? key : `${key}=${JSON.parse(fallback)}`;
}

function patches({ goType, patchKey, patches: strategies }) {
  return goType.startsWith('[]') && strategies.includes('merge') ? `merge(${patchKey})` : '';
}

function isWireInline({ inline, number }) {
  return inline && number !== '';
}

/** Types that the lab knows, and what is inlined into them. */
function table(name, about, line) {
  const inlined = [...known].flatMap((type) => (structs.get(type)?.fields ?? []).filter(isWireInline));
  const names = [...known, ...(name === 'numbers' ? inlined.map(({ goType }) => goType) : [])];
  const lines = [...new Set(names)]
    .filter((type) => structs.has(type))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((type) => [type, line(structs.get(type))])
    .filter(([, text]) => text !== '')
    .map(([type, text]) => `  ${type}: '${text}',\n`);
  const comment = [
    ...about,
    `Generated from the Go modules of Kubernetes ${release} by deploy/kubernetes-tables.mjs.`,
  ];
  const words = comment.map((text) => ` * ${text}\n`).join('');
  return `/**\n${words} */\nexport const ${name}: Readonly<Record<string, string>> = {\n${lines.join('')}};\n`;
}
