import type { ResourceName } from '../apiserver/resources.ts';
import type { Store } from '../apiserver/store.ts';
import { isDeleting, keyOf } from './owner.ts';

/** So that `kubectl delete -f`, which asks for the contents right after their namespace, still finds them. */
const settleMs = 250;

/**
 * Empties namespaces that are being deleted, then lets them go. Pods first: their policies, addresses and
 * everything else stay until the last pod has ended, so that nothing opens on the way out.
 */
export function startNamespaceController(store: Store): () => void {
  const terminating = new Map<string, NodeJS.Timeout>();
  const advance = (name: string): void => {
    const contents = store.contentsOf(name);
    const pods = contents.filter(({ resource }) => resource === 'pods');
    const makers = contents.filter(({ resource }) => makesPods(resource));
    const next = pods.length + makers.length > 0 ? [...makers, ...pods] : contents;
    for (const { resource, object } of next) {
      if (!isDeleting(object) && store.get(resource, keyOf(object)) !== null)
        store.delete(resource, keyOf(object));
    }
    if (store.contentsOf(name).length === 0) store.finalizeNamespace(name);
  };
  const forget = (name: string): void => {
    clearTimeout(terminating.get(name));
    terminating.delete(name);
  };
  const stops = [
    store.watch(
      'namespaces',
      ({ type, object }) => {
        const { name } = object.metadata;
        if (type === 'DELETED') forget(name);
        else if (isDeleting(object) && !terminating.has(name)) {
          terminating.set(
            name,
            setTimeout(() => advance(name), settleMs),
          );
        }
      },
      { initial: true },
    ),
    store.watchAll(({ type, object }) => {
      const { namespace = '' } = object.metadata;
      if (type === 'DELETED' && terminating.has(namespace)) {
        clearTimeout(terminating.get(namespace));
        terminating.set(
          namespace,
          setTimeout(() => advance(namespace), 0),
        );
      }
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const timer of terminating.values()) clearTimeout(timer);
  };
}

/** What would create new pods for those that go. */
function makesPods(resource: ResourceName): boolean {
  return resource === 'deployments' || resource === 'replicasets';
}
