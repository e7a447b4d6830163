import { expect, test } from 'vitest';
import type { KubeObject } from './json.ts';
import { Storage } from './storage.ts';

function map(name: string, value: string): KubeObject {
  const metadata = { name, namespace: 'n', uid: name, resourceVersion: '', creationTimestamp: '' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } };
}

const key = (name: string) => ({ namespace: 'n', name });

test('a snapshot of an earlier revision is the state of then, additions, changes and deletions undone', () => {
  const storage = new Storage(100);
  storage.put('configmaps', map('a', '1'));
  storage.put('configmaps', map('b', '1'));
  const before = storage.snapshot('configmaps');
  storage.put('configmaps', map('a', '2'));
  storage.remove('configmaps', key('b'));
  storage.put('configmaps', map('c', '1'));
  expect(storage.snapshot('configmaps', before.revision)).toEqual(before);
  expect(storage.snapshot('configmaps').objects.map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
});

test('revisions count over all resources, the last one is kept per resource', () => {
  const storage = new Storage(100);
  const first = storage.put('configmaps', map('a', '1'));
  const second = storage.put('secrets', map('a', '1'));
  expect(Number(second.metadata.resourceVersion)).toBe(Number(first.metadata.resourceVersion) + 1);
  expect(String(storage.lastRevision('configmaps'))).toBe(first.metadata.resourceVersion);
  expect(String(storage.lastRevision('secrets'))).toBe(second.metadata.resourceVersion);
});

test('the history is bounded: what is forgotten is 410, what is not is complete', () => {
  const storage = new Storage(5);
  for (let turn = 0; turn < 100; turn += 1) storage.put('configmaps', map('a', String(turn)));
  expect(() => storage.changesSince('configmaps', 2)).toThrow(expect.objectContaining({ code: 410 }));
  expect(() => storage.snapshot('configmaps', 2)).toThrow(expect.objectContaining({ code: 410 }));
  const recent = storage.changesSince('configmaps', storage.revision - 5);
  expect(recent.map(({ object }) => Number(object.metadata.resourceVersion))).toEqual(
    [4, 3, 2, 1, 0].map((back) => storage.revision - back),
  );
});

test('a deletion has a revision of its own and the last state', () => {
  const storage = new Storage(100);
  storage.put('configmaps', map('a', '1'));
  const removed = storage.remove('configmaps', key('a'));
  const [change] = storage.changesSince('configmaps', storage.revision - 1);
  expect(change).toMatchObject({ type: 'DELETED', object: { data: { value: '1' } } });
  expect(removed?.metadata.resourceVersion).toBe(String(storage.revision));
});
