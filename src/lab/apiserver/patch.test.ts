import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from './json.ts';
import { jsonPatch } from './patch-json.ts';
import { mergePatch } from './patch-merge.ts';
import { strategicPatch } from './patch-strategic.ts';

describe('JSON patch', () => {
  const document = { a: { b: [1, 2, 3] }, 'x/y': 1, 'm~n': 2 };
  const applied: readonly (readonly [string, Json, JsonObject])[] = [
    ['add appends with -', { op: 'add', path: '/a/b/-', value: 4 }, { ...document, a: { b: [1, 2, 3, 4] } }],
    ['add inserts', { op: 'add', path: '/a/b/1', value: 9 }, { ...document, a: { b: [1, 9, 2, 3] } }],
    ['remove by index', { op: 'remove', path: '/a/b/0' }, { ...document, a: { b: [2, 3] } }],
    ['escapes', { op: 'replace', path: '/x~1y', value: 5 }, { ...document, 'x/y': 5 }],
    ['escapes of tildes', { op: 'remove', path: '/m~0n' }, { a: document.a, 'x/y': 1 }],
    ['move', { op: 'move', from: '/a/b', path: '/c' }, { ...document, a: {}, c: [1, 2, 3] }],
    ['copy', { op: 'copy', from: '/x~1y', path: '/z' }, { ...document, z: 1 }],
    ['a test that holds', { op: 'test', path: '/a/b', value: [1, 2, 3] }, document],
  ];

  test.each(applied)('%s', (_what, operation, expected) => {
    expect(jsonPatch(document, [operation])).toEqual(expected);
  });

  const refused: readonly (readonly [string, Json])[] = [
    ['removing what is not there', [{ op: 'remove', path: '/nothing' }]],
    ['replacing what is not there', [{ op: 'replace', path: '/nothing', value: 1 }]],
    ['an index past the end', [{ op: 'add', path: '/a/b/9', value: 1 }]],
    ['a parent that is not there', [{ op: 'add', path: '/q/r', value: 1 }]],
    ['a test that fails', [{ op: 'test', path: '/a', value: 1 }]],
    ['an unknown operation', [{ op: 'increment', path: '/a' }]],
    ['no list', { op: 'add', path: '/a', value: 1 }],
    ['a pointer into the prototype', [{ op: 'remove', path: '/constructor' }]],
  ];

  test.each(refused)('refuses %s', (_what, patch) => {
    expect(() => jsonPatch(document, patch)).toThrow(expect.objectContaining({ code: 400 }));
  });

  test('__proto__ is a key like any other', () => {
    const patched = jsonPatch({}, [{ op: 'add', path: '/__proto__', value: { a: 1 } }]);
    expect(JSON.stringify(patched)).toBe('{"__proto__":{"a":1}}');
    expect(Object.getPrototypeOf(patched)).toBe(Object.prototype);
  });
});

describe('merge patch', () => {
  test('null removes, objects merge, lists replace', () => {
    const document = { a: 1, b: { c: 2, d: 3 }, e: [1, 2] };
    expect(mergePatch(document, { a: null, b: { c: null, f: 4 }, e: [3] })).toEqual({
      b: { d: 3, f: 4 },
      e: [3],
    });
  });
});

describe('strategic merge patch', () => {
  const pod = {
    spec: {
      containers: [
        {
          name: 'a',
          image: 'a:1',
          env: [{ name: 'X', value: '1' }],
          ports: [
            { containerPort: 53, protocol: 'UDP', name: 'dns' },
            { containerPort: 53, protocol: 'TCP', name: 'dns-tcp' },
          ],
        },
        { name: 'b', image: 'b:1' },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    },
    metadata: { finalizers: ['x/one', 'x/two'] },
  };
  const containers = (...list: readonly Json[]): JsonObject => ({ spec: { containers: list } });
  const result = (patch: JsonObject): JsonObject => strategicPatch('Pod', pod, patch);
  const [first, second] = pod.spec.containers;

  test('merges containers by name, their environment by name', () => {
    const patched = result(containers({ name: 'a', env: [{ name: 'Y', value: '2' }] }));
    expect(patched).toMatchObject(
      containers(
        {
          ...first,
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
        { ...second },
      ),
    );
  });

  test('tells ports of one number apart by protocol', () => {
    const patched = result(
      containers({ name: 'a', ports: [{ containerPort: 53, protocol: 'TCP', name: 'zone' }] }),
    );
    expect(patched).toMatchObject({
      spec: { containers: [{ ports: [{ name: 'dns' }, { name: 'zone', protocol: 'TCP' }] }, { name: 'b' }] },
    });
  });

  test('$patch: delete removes one item, $patch: replace the others', () => {
    expect(result(containers({ name: 'a', $patch: 'delete' }))).toMatchObject(containers({ ...second }));
    expect(result(containers({ $patch: 'replace' }, { name: 'c', image: 'c' }))).toMatchObject(
      containers({ name: 'c', image: 'c' }),
    );
    expect(result({ spec: { $patch: 'replace', nodeName: 'n' } })).toMatchObject({ spec: { nodeName: 'n' } });
    expect(result({ spec: { $patch: 'replace', nodeName: 'n' } }).spec).not.toHaveProperty('containers');
  });

  test('$setElementOrder orders what it names', () => {
    const order = {
      spec: {
        '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
        containers: [{ name: 'b', image: 'b:2' }],
      },
    };
    expect(result(order)).toMatchObject(containers({ name: 'b', image: 'b:2' }, { name: 'a' }));
    expect(result(order).spec).not.toHaveProperty('$setElementOrder/containers');
  });

  test('$retainKeys drops the rest, as a volume changes its source', () => {
    const volumes = [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'm' } }];
    expect(result({ spec: { volumes } })).toMatchObject({
      spec: { volumes: [{ name: 'v', configMap: { name: 'm' } }] },
    });
    expect(JSON.stringify(result({ spec: { volumes } }))).not.toContain('emptyDir');
  });

  test('$deleteFromPrimitiveList and sets of values', () => {
    const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['x/one'], finalizers: ['x/three'] } };
    expect(result(patch)).toMatchObject({ metadata: { finalizers: ['x/two', 'x/three'] } });
  });

  test('lists without a merge key are replaced, as the rules of a policy', () => {
    const policy = { spec: { ingress: [{ from: [{ podSelector: {} }] }] } };
    expect(strategicPatch('NetworkPolicy', policy, { spec: { ingress: [{}] } })).toEqual({
      spec: { ingress: [{}] },
    });
  });

  const keyed: readonly (readonly [string, JsonObject, JsonObject, JsonObject])[] = [
    [
      'Service',
      { spec: { ports: [{ port: 80, targetPort: 1 }] } },
      { spec: { ports: [{ port: 81 }] } },
      { spec: { ports: [{ port: 80, targetPort: 1 }, { port: 81 }] } },
    ],
    [
      'NetworkPolicy',
      { spec: { egress: [{ ports: [{ port: 80 }] }] } },
      { spec: { egress: [{ ports: [{ port: 81 }] }] } },
      { spec: { egress: [{ ports: [{ port: 81 }] }] } },
    ],
    [
      'Node',
      { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
      { spec: { taints: [{ key: 'b', effect: 'NoSchedule' }] } },
      { spec: { taints: [{ key: 'b', effect: 'NoSchedule' }] } },
    ],
    [
      'EndpointSlice',
      { endpoints: [{ addresses: ['192.0.2.1'] }] },
      { endpoints: [{ addresses: ['192.0.2.2'] }] },
      { endpoints: [{ addresses: ['192.0.2.2'] }] },
    ],
    [
      'ConfigMap',
      { data: { containers: '1' } },
      { data: { volumes: '2' } },
      { data: { containers: '1', volumes: '2' } },
    ],
    [
      'Deployment',
      { spec: { template: { spec: { containers: [{ name: 'a', image: 'a' }] } } } },
      { spec: { template: { spec: { containers: [{ name: 'b', image: 'b' }] } } } },
      {
        spec: {
          template: {
            spec: {
              containers: [
                { name: 'a', image: 'a' },
                { name: 'b', image: 'b' },
              ],
            },
          },
        },
      },
    ],
  ];

  test.each(keyed)('the type says which lists of a %s merge', (kind, document, patch, expected) => {
    expect(strategicPatch(kind, document, patch)).toEqual(expected);
  });

  test('an item without its merge key is refused', () => {
    expect(() => result(containers({ image: 'x' }))).toThrow('does not contain declared merge key: name');
  });
});
