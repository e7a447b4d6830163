import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject, type Json, type JsonObject, type KubeObject, objectAt } from '../json.ts';
import { builtIn } from '../resources.ts';
import { applied } from './apply.ts';
import { fromFieldsV1, pathsOf, toFieldsV1 } from './field-set.ts';
import { merged } from './merge.ts';
import { recorded, type Writer, withManagers } from './record.ts';
import { type Shape, shapeOf } from './shape.ts';

const map = builtIn('configmaps');
const pod = builtIn('pods');

const writer = (name: string, now = '2026-01-01T00:00:00Z'): Writer => ({
  name,
  subresource: '',
  part: 'main',
  now,
});

const whole = (object: JsonObject): KubeObject => ({
  ...object,
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    ...objectAt(object, 'metadata'),
    name: 'm',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});

/** What is left after these applies, each by its manager, by force. */
function afterApplies(steps: readonly (readonly [string, JsonObject])[]): KubeObject {
  let live: KubeObject | null = null;
  for (const [name, config] of steps) {
    const { object, managers } = applied(map, live, config, { ...writer(name), force: true });
    live = withManagers(whole(object), managers);
  }
  return live ?? whole({});
}

const data = (entries: JsonObject): JsonObject => ({ data: entries });

describe('fields that are written down', () => {
  test('are read back as they were', () => {
    const fields = {
      'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } } },
      'f:finalizers': { 'v:"x"': {} },
    };
    expect(toFieldsV1(fromFieldsV1(fields))).toEqual(fields);
    expect(pathsOf(fromFieldsV1(fields))).toEqual([
      '.finalizers[="x"]',
      '.metadata.labels',
      '.metadata.labels.a',
      '.spec.ports[port=80,protocol="TCP"]',
      '.spec.ports[port=80,protocol="TCP"].name',
    ]);
  });

  test('that are no fields are no reason to fail', () => {
    expect(toFieldsV1(fromFieldsV1({ nonsense: {}, 'f:a': 3, 'f:b': { x: {} }, 'f:c': {} }))).toEqual({
      'f:c': {},
    });
    expect(toFieldsV1(fromFieldsV1('text'))).toEqual({});
  });
});

describe('an update', () => {
  const update = (
    live: KubeObject | null,
    next: JsonObject,
    name: string,
    given: JsonObject = {},
  ): KubeObject => recorded(map, live, whole(next), given, writer(name));
  const fields = (object: KubeObject): readonly (readonly [Json | undefined, Json | undefined])[] =>
    (Array.isArray(object.metadata.managedFields) ? object.metadata.managedFields : [])
      .filter(isObject)
      .map((entry) => [entry.manager, entry.fieldsV1]);

  test('owns what it wrote, and takes it from who had it', () => {
    const first = update(null, data({ a: '1', b: '1' }), 'one');
    expect(fields(first)).toEqual([['one', { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } }]]);
    const second = update(first, data({ a: '2', b: '1', c: '1' }), 'two');
    expect(fields(second)).toEqual([
      ['one', { 'f:data': { '.': {}, 'f:b': {} } }],
      ['two', { 'f:data': { 'f:a': {}, 'f:c': {} } }],
    ]);
    const third = update(second, data({ b: '1' }), 'one');
    expect(fields(third)).toEqual([['one', { 'f:data': { '.': {}, 'f:b': {} } }]]);
  });

  test('that changes nothing leaves its managers as they are', () => {
    const first = update(null, data({ a: '1' }), 'one');
    const again = recorded(map, first, first, first, writer('two', '2030-01-01T00:00:00Z'));
    expect(again).toEqual(first);
  });

  test('may forget all managers; then nobody is written down until somebody applies', () => {
    const first = update(null, data({ a: '1' }), 'one');
    const forgotten = update(first, data({ a: '1' }), 'two', { metadata: { managedFields: [{}] } });
    expect(forgotten.metadata).not.toHaveProperty('managedFields');
    expect(update(forgotten, data({ a: '2' }), 'two').metadata).not.toHaveProperty('managedFields');
    const conflict = (): unknown =>
      applied(map, forgotten, data({ a: '2' }), { ...writer('x'), force: false });
    expect(conflict).toThrow(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a',
    );
  });
});

describe('lists that are merged', () => {
  const order: readonly (readonly [string, string, string])[] = [
    ['a', 'b', 'a b'],
    ['a b', 'b a', 'b a'],
    ['a x b', 'b a', 'x b a'],
    ['x one', 'side one', 'x side one'],
    ['one x', 'side one', 'side one x'],
    ['a b c', 'b', 'a b c'],
    ['', 'a b', 'a b'],
  ];
  const keyed: Shape = {
    kind: 'keyed',
    keys: [{ name: 'n', fallback: undefined }],
    item: { kind: 'unknown' },
  };
  const items = (text: string): Json => text.split(' ').flatMap((n) => (n === '' ? [] : [{ n }]));

  test.each(order)('%j with %j applied is %j', (live, config, expected) => {
    expect(merged(keyed, items(live), items(config))).toEqual(items(expected));
  });

  test('of twins that nobody names none is lost', () => {
    const live = [{ n: 'a' }, { n: 'twin', v: 1 }, { n: 'twin', v: 2 }];
    expect(merged(keyed, live, [{ n: 'a', v: 3 }])).toEqual([{ n: 'a', v: 3 }, ...live.slice(1)]);
  });
});

test('the types say how their values merge', () => {
  const live = {
    metadata: { labels: { a: '1' }, finalizers: ['x/a'] },
    spec: {
      nodeSelector: { a: '1' },
      containers: [{ name: 'c', image: 'i', args: ['1'], env: [{ name: 'A', value: '1' }] }],
      tolerations: [{ key: 'a' }],
    },
  };
  const config = {
    metadata: { labels: { b: '2' }, finalizers: ['x/b'] },
    spec: {
      nodeSelector: { b: '2' },
      containers: [{ name: 'c', args: ['2'], env: [{ name: 'B', value: '2' }] }],
      tolerations: [{ key: 'b' }],
    },
  };
  expect(merged(shapeOf(pod), live, config)).toEqual({
    metadata: { labels: { a: '1', b: '2' }, finalizers: ['x/a', 'x/b'] },
    spec: {
      nodeSelector: { b: '2' },
      containers: [
        {
          name: 'c',
          image: 'i',
          args: ['2'],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      ],
      tolerations: [{ key: 'b' }],
    },
  });
});

describe('applies of several managers', () => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd');
  const config = fc.dictionary(keys, fc.constantFrom('1', '2'), { maxKeys: 4 });
  const step = fc.tuple(fc.constantFrom('one', 'two', 'three'), config);

  test('leave what each applied last, unless a later one changed it, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const object = afterApplies(steps.map(([name, entries]) => [name, data(entries)]));
        const owned = new Map<string, Map<string, string>>();
        for (const [name, entries] of steps) {
          owned.set(name, new Map(Object.entries(entries)));
          // Who loses a field to another value owns it no more.
          for (const [other, fields] of owned) {
            if (other === name) continue;
            for (const [key, value] of Object.entries(entries))
              if (fields.get(key) !== value) fields.delete(key);
          }
        }
        const expected = Object.fromEntries([...owned.values()].flatMap((fields) => [...fields]));
        expect(objectAt(object, 'data')).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('the same again changes nothing, and needs no force', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        const configs = steps.map(([name, entries]) => [name, data(entries)] as const);
        const live = afterApplies(configs);
        const [name, last] = configs.at(-1) ?? ['', {}];
        const { object, managers } = applied(map, live, last, { ...writer(name), force: false });
        expect(withManagers(whole(object), managers)).toEqual(live);
      }),
      { numRuns: 300 },
    );
  });
});
