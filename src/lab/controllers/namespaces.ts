import type { Store } from '../apiserver/store.ts';

/**
 * Empties namespaces that are being deleted, then lets them go.
 * Pods on a node stay until the lab's kubelet has ended them, and the namespace stays as long as they do.
 */
export function startNamespaceController(store: Store): () => void {
  const terminating = new Set<string>();
  const advance = (name: string): void => {
    const contents = store.contentsOf(name);
    for (const { resource, object } of contents) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      const key = { namespace: name, name: object.metadata.name };
      if (store.get(resource, key) !== null) store.delete(resource, key);
    }
    if (store.contentsOf(name).length > 0) return;
    terminating.delete(name);
    store.finalizeNamespace(name);
  };
  const stops = [
    store.watch(
      'namespaces',
      ({ type, object }) => {
        const { name } = object.metadata;
        if (type === 'DELETED') terminating.delete(name);
        else if (object.metadata.deletionTimestamp !== undefined) {
          terminating.add(name);
          advance(name);
        }
      },
      { initial: true },
    ),
    ...store.namespacedResources().map((resource) =>
      store.watch(resource, ({ type, object }) => {
        const { namespace = '' } = object.metadata;
        if (type === 'DELETED' && terminating.has(namespace)) advance(namespace);
      }),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
