import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatManifestProblem } from './problem.ts';
import { readManifests } from './read.ts';

const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api
  namespace: shop
spec:
  podSelector:
    matchLabels: {tier: "back"}
  ingress:
    - ports: [{port: 80}]
    - from:
        - ipBlock: {cidr: 10.0.0.0/8}
        - podSelector:
            matchLabels:
              app: webapp
      ports:
        - port: http
`;

function read(text: string): ReturnType<typeof readManifests> {
  return readManifests([{ file: 'a.yaml', text }]);
}

function messages(text: string): readonly string[] {
  return read(text).problems.map(formatManifestProblem);
}

function namespace(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
}

describe('positions', () => {
  const object = read(`# a comment\n---\n${POLICY}`).objects[0];
  test.each([
    [[], 3, 1],
    [['metadata', 'name'], 6, 9],
    [['spec', 'podSelector'], 9, 3],
    [['spec', 'podSelector', 'matchLabels', 'tier'], 10, 25],
    [['spec', 'ingress'], 11, 3],
    [['spec', 'ingress', 1], 13, 7],
    [['spec', 'ingress', 1, 'from', 0, 'ipBlock', 'cidr'], 14, 27],
    [['spec', 'ingress', 1, 'from', 1, 'podSelector', 'matchLabels', 'app'], 17, 20],
    [['spec', 'ingress', 1, 'ports', 0, 'port'], 19, 17],
  ])('%j stands at %i:%i', (path, line, column) => {
    expect(object?.position(path)).toEqual({ line, column });
  });

  test('what is absent is found at its nearest parent', () => {
    expect(object?.position(['spec', 'ingress', 1, 'ports', 0, 'protocol'])).toEqual({
      line: 19,
      column: 11,
    });
    expect(object?.position(['spec', 'ingress', 7])).toEqual({ line: 11, column: 3 });
  });

  test('the items of a list keep their places', () => {
    const text = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
      labels: {team: a}
`;
    const item = read(text).objects[0];
    expect(item?.name).toBe('shop');
    expect(item?.line).toBe(4);
    expect(item?.position(['metadata', 'labels', 'team'])).toEqual({ line: 8, column: 22 });
  });

  test('JSON and Windows line ends have places too', () => {
    const json = read('{"apiVersion": "v1",\r\n "kind": "Namespace",\r\n "metadata": {"name": "a"}}')
      .objects[0];
    expect(json?.position(['metadata', 'name'])).toEqual({ line: 3, column: 23 });
  });
});

describe('documents', () => {
  test('an unparsable document is reported and the others go on', () => {
    const text = `${namespace('a')}---\nkind: [unclosed\nname: "open\n---\n${namespace('b')}---\n\tx: 1\n---\n${namespace('c')}`;
    const { objects, problems } = read(text);
    expect(objects.map((object) => object.name)).toEqual(['a', 'b', 'c']);
    expect(problems.map((problem) => problem.line)).toEqual([7, 14]);
    expect(problems[0]?.message).toMatch(/^not readable as YAML: /);
    expect(problems[1]?.message).toBe('not readable as YAML: tabs cannot indent, use spaces');
  });

  test('a duplicate key is an error at its second place', () => {
    expect(messages(`${namespace('a')}  labels:\n    app: x\n    app: y\n`)).toEqual([
      'a.yaml:7:5: duplicate key app: a key may stand only once in an object',
    ]);
  });

  test('empty documents, comments and a byte order mark are nothing', () => {
    const { objects, problems } = read(`\uFEFF---\n# nothing\n---\n---\n\n${namespace('a')}...\n`);
    expect(objects.map((object) => object.name)).toEqual(['a']);
    expect(problems).toEqual([]);
  });

  test('words are read as kubectl reads them', () => {
    const raw = read(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: on, b: 2001-12-14, c: 1:30, d: 0o14, e: ~, on: x, f: 1_0}\n`,
    ).objects[0]?.raw;
    expect(raw).toMatchObject({
      data: { a: true, b: '2001-12-14', c: '1:30', e: null, true: 'x', f: 10 },
    });
  });

  test('aliases that grow without bound are refused', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}*a${i - 1}]`);
    expect(messages(lines.join('\n'))[0]).toMatch(/not readable as YAML: Excessive alias count/);
  });

  test('nesting without bound is refused', () => {
    expect(messages('['.repeat(100_000))).toEqual([
      'a.yaml:1:1: not readable as YAML: nested deeper than 200 levels',
    ]);
    expect(messages(`${'- '.repeat(50_000)}x`)[0]).toMatch(/nested deeper/);
  });
});

describe('objects', () => {
  test.each([
    [
      'just text',
      'a.yaml:1:1: got the string "just text", want an object with apiVersion, kind and metadata',
    ],
    ['- 1', 'a.yaml:1:1: got a list, want an object with apiVersion, kind and metadata'],
    ['apiVersion: v1', 'a.yaml:1:1: kind: Required value'],
    ['apiVersion: v1\nkind: 7', 'a.yaml:2:7: kind: Invalid value: got the number 7, want a string'],
    ['kind: Pod', 'a.yaml:1:1: Pod: apiVersion: Required value'],
    [
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy',
      'a.yaml:2:7: NetworkPolcy: kind: got "NetworkPolcy", and networking.k8s.io/v1 has no such kind',
    ],
    [
      'apiVersion: v1\nkind: networkpolicy',
      'a.yaml:2:7: networkpolicy: kind: got "networkpolicy", and v1 has no such kind',
    ],
    [
      'apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}',
      'a.yaml:1:13: NetworkPolicy a: apiVersion: got "extensions/v1beta1", but NetworkPolicy is served as networking.k8s.io/v1',
    ],
    ['apiVersion: v1\nkind: Pod', 'a.yaml:1:1: Pod: metadata: Required value'],
    ['apiVersion: v1\nkind: Pod\nmetadata: {}', 'a.yaml:3:11: Pod: metadata.name: Required value'],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: on}',
      'a.yaml:3:18: Pod: metadata.name: Invalid value: got the boolean true, want a string',
    ],
    [
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: 3}',
      'a.yaml:3:32: Pod a: metadata.namespace: Invalid value: got the number 3, want a string',
    ],
    [
      'apiVersion: v1\nkind: List\nitems: 3',
      'a.yaml:3:8: List: items: got the number 3, want a list of objects',
    ],
  ])('%j is refused', (text, message) => {
    expect(messages(text)).toEqual([message]);
    expect(read(text).objects).toEqual([]);
  });

  test('a mistyped kind names the near one', () => {
    expect(read('apiVersion: networking.k8s.io/v1\nkind: NetworkPolcy').problems[0]?.hint).toBe(
      'did you mean NetworkPolicy?',
    );
    expect(read('apiVersion: v1\nkind: pod').problems[0]?.hint).toBe('did you mean Pod?');
  });

  test('custom resources and other built-in kinds are not judged here', () => {
    const text = `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\n---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n`;
    const { objects, problems } = read(text);
    expect(problems).toEqual([]);
    expect(objects.map((object) => object.kind)).toEqual([
      'CiliumNetworkPolicy',
      'NetworkPolicy',
      'Deployment',
    ]);
  });

  test('the second object of a name is refused, with the place of the first', () => {
    const { objects, problems } = readManifests([
      { file: 'a.yaml', text: POLICY },
      { file: 'b.yaml', text: POLICY },
    ]);
    expect(objects).toHaveLength(1);
    expect(problems.map(formatManifestProblem)).toEqual([
      'b.yaml:4:9: NetworkPolicy shop/api: duplicate object: NetworkPolicy shop/api is already defined at a.yaml:1',
    ]);
  });

  test('a missing namespace and `default` are the same place', () => {
    const pod = (metadata: string): string => `apiVersion: v1\nkind: Pod\nmetadata: ${metadata}\n`;
    expect(messages(`${pod('{name: a}')}---\n${pod('{name: a, namespace: default}')}`)).toHaveLength(1);
    expect(messages(`${pod('{name: a}')}---\n${pod('{name: a, namespace: other}')}`)).toHaveLength(0);
  });

  test('names with line breaks and control characters are printed on one line', () => {
    const [message] = messages(
      'apiVersion: v1\nkind: Pod\nmetadata: {name: "a\\n\\e[31mb\\u202e", namespace: 1}',
    );
    expect(message).toContain('Pod a\\n\\u001b[31mb\\u202e: ');
  });
});

test('no text whatsoever makes reading throw', () => {
  const pieces = fc.constantFrom(
    '---\n',
    'a: ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '\n',
    '  ',
    '\t',
    '&a ',
    '*a ',
    '<<: ',
    '|',
    '>',
    '!!x ',
    '%YAML 1.1\n',
    '#',
    '? ',
    'kind: Pod\n',
    '\u0000',
    '\ud800',
    'é',
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 30 }),
      (parts) => {
        const { problems } = read(parts.join(''));
        for (const problem of problems) {
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.column).toBeGreaterThan(0);
          expect(formatManifestProblem(problem)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        }
      },
    ),
    { numRuns: 500 },
  );
});
