import { expect, test } from 'vitest';
import { createApiServer } from '../api-server.ts';
import { type JsonObject, listAt, objectAt } from '../json.ts';

const version = (name: string, storage: boolean, size: JsonObject = { type: 'integer' }): JsonObject => ({
  name,
  storage,
  served: true,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: { type: 'object', properties: { size } },
        status: { type: 'object', properties: { a: { type: 'string' } } },
      },
    },
  },
});

const definition = (versions: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions,
    ...more,
  },
});

const thing = (name: string, rest: JsonObject): JsonObject => ({ metadata: { name }, ...rest });
const key = { namespace: 'default', name: 'a' };

test('a kind is there as soon as its definition is, and a changed schema holds for what is written then', () => {
  const { store } = createApiServer({ serviceRanges: [] });
  expect(() => store.create('things.example.com', thing('a', {}))).toThrow(
    'could not find the requested resource',
  );
  store.create('customresourcedefinitions', definition([version('v1', true)]));
  store.create('things.example.com', thing('a', { spec: { size: 7 } }));
  const before = store.catalog.at('example.com', 'v1', 'things');
  store.update(
    'customresourcedefinitions',
    definition([version('v1', true, { type: 'integer', maximum: 5 })]),
  );
  expect(store.catalog.at('example.com', 'v1', 'things')).not.toBe(before);
  expect(store.get('things.example.com', key)?.spec).toEqual({ size: 7 });
  expect(() => store.create('things.example.com', thing('b', { spec: { size: 7 } }))).toThrow(
    'spec.size in body should be less than or equal to 5',
  );
});

test('a change that is none for its objects keeps their kind', () => {
  const { store } = createApiServer({ serviceRanges: [] });
  store.create('customresourcedefinitions', definition([version('v1', true)]));
  const before = store.catalog.at('example.com', 'v1', 'things');
  store.edit('customresourcedefinitions', { namespace: '', name: 'things.example.com' }, (old) => ({
    ...old,
    metadata: { ...old.metadata, labels: { a: 'b' } },
  }));
  expect(store.catalog.at('example.com', 'v1', 'things')).toBe(before);
});

test('another version may become the stored one, and what was stored in the old one stays readable', () => {
  const { store } = createApiServer({ serviceRanges: [] });
  store.create('customresourcedefinitions', definition([version('v1', true)]));
  store.create('things.example.com', thing('a', { spec: { size: 1 } }));
  const both = definition([version('v1', false), version('v2', true)]);
  const stored = store.update('customresourcedefinitions', both);
  expect(listAt(stored, 'status', 'storedVersions')).toEqual(['v1', 'v2']);
  expect(store.catalog.versionsOf('example.com').map((item) => item.version)).toEqual(['v2', 'v1']);
  expect(store.get('things.example.com', key)?.spec).toEqual({ size: 1 });
  expect(() => store.update('customresourcedefinitions', definition([version('v2', true)]))).toThrow(
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions',
  );
});

test('what its objects are cannot change', () => {
  const { store } = createApiServer({ serviceRanges: [] });
  store.create('customresourcedefinitions', definition([version('v1', true)]));
  expect(() =>
    store.update('customresourcedefinitions', definition([version('v1', true)], { scope: 'Cluster' })),
  ).toThrow('spec.scope: Invalid value: "Cluster": field is immutable');
});

test('without a status of its own the status is part of the object, and counted', () => {
  const { store } = createApiServer({ serviceRanges: [] });
  store.create('customresourcedefinitions', definition([version('v1', true)]));
  const created = store.create('things.example.com', thing('a', { status: { a: 'x' } }));
  expect(created.status).toEqual({ a: 'x' });
  const changed = store.update('things.example.com', { ...created, status: { a: 'y' } });
  expect([changed.status, changed.metadata.generation]).toEqual([{ a: 'y' }, 2]);
});

test('names of the server itself are taken too', () => {
  const { store } = createApiServer({ serviceRanges: [] });
  const rival: JsonObject = {
    metadata: {
      name: 'filters.networking.k8s.io',
      annotations: { 'api-approved.kubernetes.io': 'https://example.com/1' },
    },
    spec: {
      group: 'networking.k8s.io',
      scope: 'Namespaced',
      names: { plural: 'filters', kind: 'Filter', shortNames: ['netpol'] },
      versions: [version('v2', true)],
    },
  };
  const created = store.create('customresourcedefinitions', rival);
  expect(listAt(created, 'status', 'conditions')).toMatchObject([
    {
      type: 'NamesAccepted',
      status: 'False',
      reason: 'ShortNamesConflict',
      message: '"netpol" is already in use',
    },
    { type: 'Established', status: 'False' },
  ]);
  expect(objectAt(created, 'status', 'acceptedNames')).not.toHaveProperty('shortNames');
  expect(store.catalog.ofKind('networking.k8s.io/v2', 'Filter')).toBeNull();
});

test('a definition takes its objects along, also one that was replaced without its finalizer', async () => {
  const { store } = createApiServer({ serviceRanges: [] });
  store.create('customresourcedefinitions', definition([version('v1', true)]));
  store.create('things.example.com', thing('a', {}));
  const replaced = store.update('customresourcedefinitions', definition([version('v1', true)]));
  expect(listAt(replaced, 'metadata', 'finalizers')).toHaveLength(1);
  const gone = new Promise<void>((resolve) => {
    store.watch('customresourcedefinitions', ({ type }) => {
      if (type === 'DELETED') resolve();
    });
  });
  store.delete('customresourcedefinitions', { namespace: '', name: 'things.example.com' });
  await gone;
  expect(store.get('things.example.com', key)).toBeNull();
  expect(store.catalog.ofKind('example.com/v1', 'Thing')).toBeNull();
});
