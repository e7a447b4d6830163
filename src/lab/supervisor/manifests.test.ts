import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApiServer } from '../apiserver/api-server.ts';
import type { Store } from '../apiserver/store.ts';
import { createManifests, markOwn } from './manifests.ts';

let directory: string;
let store: Store;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lab-manifests-'));
  ({ store } = createApiServer({ serviceRanges: ['10.96.0.0/16'] }));
  markOwn(store);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function create(...files: readonly unknown[]): Promise<number> {
  const paths = files.map((_, index) => join(directory, `${index}.json`));
  await Promise.all(paths.map((path, index) => writeFile(path, JSON.stringify(files[index]))));
  return await createManifests(store, paths);
}

const namespace = (name: string, labels = {}): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

test('files are one object or many, and are created in order', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: [{ name: 'c', image: 'none' }] },
  };
  expect(await create(namespace('shop'), [pod])).toBe(2);
  expect(store.get('pods', { namespace: 'shop', name: 'web' })).not.toBeNull();
});

test('namespaces the lab has by itself can be labelled, once; the others only be created once', async () => {
  await create(namespace('default', { team: 'a' }));
  expect(store.get('namespaces', { namespace: '', name: 'default' })?.metadata.labels).toEqual({
    team: 'a',
    'kubernetes.io/metadata.name': 'default',
  });
  await expect(create(namespace('default'))).rejects.toThrow(/Namespace default: .*already exists/);
  await expect(create(namespace('shop'), namespace('shop'))).rejects.toThrow(
    /Namespace shop: .*already exists/,
  );
});

test('every refusal is told, with kind and name, and the rest is created', async () => {
  const orphan = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'nowhere' } };
  const strange = { apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'w' } };
  await expect(create(orphan, strange, namespace('fine'))).rejects.toThrow(
    /ConfigMap nowhere\/c: .*not found[\s\S]*Widget \(example.org\/v1\)/,
  );
  expect(store.get('namespaces', { namespace: '', name: 'fine' })).not.toBeNull();
});
