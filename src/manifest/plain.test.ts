/** The fast reader says what the full parser says, or nothing. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AMPLE, cases } from '../../test/kit/cases.ts';
import type { Path } from '../model/labels.ts';
import { locateIn, plainOf } from './node.ts';
import { parsePlain } from './plain.ts';
import { parseInFull, splitDocuments } from './yaml.ts';

const RUNS = cases(600);

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path, [...path, 'absent']];
  const steps = Array.isArray(value) ? [...value.keys(), value.length] : [...Object.keys(value), 'absent'];
  return [path, ...steps.flatMap((step) => pathsOf(Reflect.get(value, step), [...path, step]))];
}

/** True when the fast reader took it. */
function compare(text: string): boolean {
  const root = parsePlain(text, 7);
  if (root === null) return false;
  const [full, ...more] = parseInFull({ text, linesBefore: 7 });
  if (full?.kind !== 'value' || more.length > 0)
    throw new Error(`only the fast reader accepts ${JSON.stringify(text)}`);
  expect(plainOf(root)).toEqual(full.value);
  for (const path of pathsOf(full.value)) {
    expect({ text, path, ...locateIn(root, path) }).toEqual({ text, path, ...full.locate(path) });
  }
  return true;
}

const MANIFEST = `---
# comment
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api
  labels: {app: web, "x": y2}
spec:
  podSelector: {}
  ingress:
  - from:
    - podSelector:
        matchLabels:
          app: web
      namespaceSelector: { matchLabels: { a/b: c } }
    - ipBlock:
        cidr: 10.0.0.0/8
        except: [10.1.0.0/16, '10.2.0.0/16']
    ports:
      - port: 80
        protocol: "TCP"
      - port:   http
  egress:
    - {}
  policyTypes: [Ingress, Egress]
`;

test('an ordinary manifest is read fast, the same as in full', () => {
  expect(compare(MANIFEST.replace('"x": y2', 'x: y2'))).toBe(true);
});

test('the manifests of this repository are read the same', () => {
  let fast = 0;
  for (const directory of ['examples/shop', 'examples/shop/policies', 'test/cli/manifests']) {
    for (const name of readdirSync(directory)) {
      if (!name.endsWith('.yaml')) continue;
      for (const chunk of splitDocuments(readFileSync(`${directory}/${name}`, 'utf8'))) {
        if (compare(chunk.text)) fast++;
      }
    }
  }
  expect(fast).toBeGreaterThan(20);
});

describe('what is beyond the subset is left to the full parser', () => {
  test.each([
    'a: on',
    'a: yes',
    'on: a',
    'a: ~',
    'a: 0777',
    'a: 1.5',
    'a: 1_000',
    'a: b # comment',
    'a: "x\\n"',
    'a: |\n  text',
    'a: &x b',
    'a: *x',
    'a: !!str 1',
    'a: b\n  c',
    'a:\n  - b\n    c',
    'a: 1\na: 2',
    'a: b: c',
    'a: {b: 1, b: 2}',
    'a: [b',
    'a: {b}',
    'a: {b:c}',
    'a: [b, ]',
    'a:\n   b: 1\n  c: 2',
    '- a',
    'a: - b',
    'a:\tb',
    'a: é',
    '<<: {a: b}',
    '__proto__: {a: b}',
    'a: b\n...\nc: d',
    'a: [b c]',
    "a: ['b'c]",
    'a: {b: "c"d}',
    'a: 2001-12-14',
    'a: 1:30',
    '{a: b}',
    '',
  ])('%j', (text) => {
    expect(parsePlain(text, 0)).toBeNull();
  });
});

test('over random small texts of YAML, the fast reader agrees or abstains', () => {
  const word = fc.constantFrom(
    'a',
    'b',
    'app',
    'on',
    'y',
    'no',
    'null',
    '80',
    '007',
    '0',
    '1.5',
    '10.0.0.0/8',
    'x:y',
    'x: y',
    '"q"',
    "'s'",
    '"',
    '[]',
    '{}',
    '[a, b]',
    '{a: b}',
    '{a: b, c: [d]}',
    '{a: }',
    '~',
    'a b',
    '-',
    '|',
    'v1/b.c',
    '-1',
    '#c',
    'a #c',
    '.5',
    '1e3',
    '0x1f',
    '::1',
    'a:',
  );
  const line = fc.tuple(
    fc.integer({ min: 0, max: 4 }),
    fc.constantFrom('', '- ', '-  ', '- - '),
    fc.constantFrom('a: ', 'b: ', 'c: ', 'd:', 'e:', 'f:  ', ''),
    fc.oneof(word, fc.constant('')),
    fc.constantFrom('', '', ' '),
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 7 }), (lines) => {
      const text = lines
        .map(
          ([indent, dash, key, value, end]) =>
            `${'  '.repeat(indent).slice(indent % 2)}${dash}${key}${value}${end}`,
        )
        .join('\n');
      compare(text);
    }),
    { numRuns: RUNS * 3 },
  );
});

test('over mutations of a manifest, the fast reader agrees or abstains', () => {
  const base = MANIFEST.replace('"x": y2', 'x: y2');
  let taken = 0;
  fc.assert(
    fc.property(
      fc.nat(base.length - 1),
      fc.nat(3),
      fc.constantFrom(
        '',
        ' ',
        '  ',
        '\n',
        ':',
        ': ',
        '-',
        '- ',
        'a',
        '{',
        '}',
        '[',
        ']',
        ',',
        '"',
        "'",
        '#',
        ' #',
        '0',
        '\n\n',
      ),
      (at, cut, insert) => {
        if (compare(base.slice(0, at) + insert + base.slice(at + cut))) taken++;
      },
    ),
    { numRuns: RUNS },
  );
  if (AMPLE) expect(taken).toBeGreaterThan(RUNS / 10);
});

type Printed = { readonly inline: string } | { readonly block: (indent: number) => string };

const key = fc.constantFrom('a', 'b', 'app', 'a.b/c-d', 'kind', 'x', 'z9', 'Q_');
const inline = fc.constantFrom(
  'a',
  'web-1',
  '80',
  '0',
  '"q u"',
  "'s'",
  '{}',
  '[]',
  '[a, 1]',
  '{a: b}',
  '{ a: [b], c: "d" }',
  '10.0.0.0/8',
  'nginx:1.25',
  'on',
  '1.5',
  '',
);

/** Values printed in the block styles people use. */
const printed = fc.letrec<{ value: Printed; map: Printed; list: Printed }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    inline.map((text) => ({ inline: text })),
    tie('map'),
    tie('list'),
  ),
  map: fc
    .tuple(
      fc.uniqueArray(fc.tuple(key, tie('value')), { minLength: 1, maxLength: 3, selector: ([name]) => name }),
      fc.constantFrom(2, 4),
      fc.boolean(),
    )
    .map(([entries, step, flat]) => ({
      block: (indent) =>
        entries
          .map(([name, value]) => {
            if ('inline' in value) return `${' '.repeat(indent)}${name}: ${value.inline}`;
            const text = value.block(indent + step);
            const dedented = flat && text.trimStart().startsWith('- ') ? value.block(indent) : text;
            return `${' '.repeat(indent)}${name}:\n${dedented}`;
          })
          .join('\n'),
    })),
  list: fc.array(tie('value'), { minLength: 1, maxLength: 3 }).map((items) => ({
    block: (indent) =>
      items
        .map((item) => {
          const text = 'inline' in item ? item.inline : item.block(indent + 2).trimStart();
          return `${' '.repeat(indent)}- ${text}`;
        })
        .join('\n'),
  })),
}));

test('over documents in ordinary block style, the fast reader agrees, mostly', () => {
  let taken = 0;
  fc.assert(
    fc.property(printed.map, (root) => {
      if ('block' in root && compare(root.block(0))) taken++;
    }),
    { numRuns: RUNS },
  );
  if (AMPLE) expect(taken).toBeGreaterThan(RUNS / 5);
});
