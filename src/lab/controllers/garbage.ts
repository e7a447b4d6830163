import { foregroundFinalizer, ownersWithout } from '../apiserver/deletion.ts';
import { type KubeObject, listAt } from '../apiserver/json.ts';
import type { ResourceName } from '../apiserver/resources.ts';
import type { Store } from '../apiserver/store.ts';
import { isDeleting, keyOf } from './owner.ts';

/** Deletes what is left without an owner, and what a foreground deletion waits for. Returns how to stop. */
export function startGarbageCollector(store: Store): () => void {
  return store.watchAll(({ type, object }, resource) => {
    if (type === 'DELETED') collect(store, object);
    else if (waitsForDependents(object)) advanceForeground(store, resource, object);
  });
}

function collect(store: Store, owner: KubeObject): void {
  for (const { resource, object } of store.dependentsOf(owner)) {
    const others = ownersWithout(object, owner.metadata.uid);
    if (others.length > 0) {
      store.edit(resource, keyOf(object), (current) => ({
        ...current,
        metadata: { ...current.metadata, ownerReferences: ownersWithout(current, owner.metadata.uid) },
      }));
    } else if (!isDeleting(object)) store.delete(resource, keyOf(object));
  }
  // A foreground deletion further up may have waited for this one.
  for (const { resource, object } of store.contentsOf(owner.metadata.namespace ?? '')) {
    if (waitsForDependents(object)) advanceForeground(store, resource, object);
  }
}

function waitsForDependents(object: KubeObject): boolean {
  return isDeleting(object) && listAt(object, 'metadata', 'finalizers').includes(foregroundFinalizer);
}

function advanceForeground(store: Store, resource: ResourceName, owner: KubeObject): void {
  const dependents = store.dependentsOf(owner);
  for (const { resource: kind, object } of dependents) {
    if (!isDeleting(object)) store.delete(kind, keyOf(object), { propagationPolicy: 'Foreground' });
  }
  if (store.dependentsOf(owner).length > 0) return;
  store.edit(resource, keyOf(owner), (current) => ({
    ...current,
    metadata: {
      ...current.metadata,
      finalizers: listAt(current, 'metadata', 'finalizers').filter(
        (finalizer) => finalizer !== foregroundFinalizer,
      ),
    },
  }));
}
