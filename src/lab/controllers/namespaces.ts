import type { ResourceName } from '../apiserver/resources.ts';
import type { Store } from '../apiserver/store.ts';
import { isDeleting, keyOf } from './owner.ts';

/**
 * `kubectl delete -f` asks for the contents one by one, right after their namespace: they are still found while
 * it does. This long after the last of its requests there is none to come, on a busy machine as well.
 */
const settleMs = 1_000;

/**
 * Empties namespaces that are being deleted, then lets them go. Pods first: their policies, addresses and
 * everything else stay until the last pod has ended, so that nothing opens on the way out. Returns what ends it.
 */
export function startNamespaceController(store: Store): () => void {
  /** What cancels the next step, of each namespace that is going. */
  const going = new Map<string, () => void>();
  /** Those whose contents are taken by now, rather than left to whoever deletes them. */
  const settled = new Set<string>();
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
  /** After what has arrived meanwhile: this process may be late, and a request may wait in its socket. */
  const soon = (name: string): void => {
    going.get(name)?.();
    let turn: NodeJS.Immediate | undefined;
    const timer = setTimeout(
      () => {
        turn = setImmediate(() => {
          settled.add(name);
          advance(name);
        });
      },
      settled.has(name) ? 0 : settleMs,
    );
    going.set(name, () => {
      clearTimeout(timer);
      clearImmediate(turn);
    });
  };
  const forget = (name: string): void => {
    going.get(name)?.();
    going.delete(name);
    settled.delete(name);
  };
  const stops = [
    store.watch(
      'namespaces',
      ({ type, object }) => {
        const { name } = object.metadata;
        if (type === 'DELETED') forget(name);
        else if (isDeleting(object) && !going.has(name)) soon(name);
      },
      { initial: true },
    ),
    store.watchAll(({ type, object }) => {
      const { namespace = '' } = object.metadata;
      if (going.has(namespace) && (type === 'DELETED' || isDeleting(object))) soon(namespace);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const cancel of going.values()) cancel();
  };
}

/** What would create new pods for those that go. */
function makesPods(resource: ResourceName): boolean {
  return resource === 'deployments' || resource === 'replicasets';
}
