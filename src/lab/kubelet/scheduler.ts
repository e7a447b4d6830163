import { isObject, type JsonObject, type KubeObject, listAt, objectAt, textAt } from '../apiserver/json.ts';
import type { Store } from '../apiserver/store.ts';
import { timestamp } from '../apiserver/timestamp.ts';
import { isDeleting, isTerminal } from './pod-spec.ts';

/**
 * Gives every pod without spec.nodeName the node that has the fewest pods, the first by name among equals,
 * so that the same manifests land the same way. Honours nodeSelector and spec.unschedulable; nothing else.
 */
export class Scheduler {
  readonly #store: Store;
  readonly #machines: ReadonlySet<string>;

  /** `machines`: the nodes that exist in the kernel; other Node objects get no pods. */
  constructor(store: Store, machines: ReadonlySet<string>) {
    this.#store = store;
    this.#machines = machines;
  }

  /** Looks at one pod; does nothing when it has a node or none fits. */
  notice(pod: KubeObject): void {
    const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    const now = this.#store.get('pods', key);
    if (now === null || textAt(now, 'spec', 'nodeName') !== '' || isDeleting(now)) return;
    const node = this.#choose(now);
    if (node !== null) this.#store.bind(key, node);
    else this.#store.editStatus('pods', key, (status) => unschedulable(status));
  }

  /** After a node changed: everything that waits. */
  noticeAll(): void {
    for (const pod of this.#store.list('pods').items) this.notice(pod);
  }

  #choose(pod: KubeObject): string | null {
    const loads = new Map<string, number>();
    for (const node of this.#store.list('nodes').items) {
      if (this.#machines.has(node.metadata.name) && fits(pod, node)) loads.set(node.metadata.name, 0);
    }
    for (const other of this.#store.list('pods').items) {
      const name = textAt(other, 'spec', 'nodeName');
      const load = loads.get(name);
      if (load !== undefined && !isTerminal(other)) loads.set(name, load + 1);
    }
    const [first] = [...loads].sort(([a, m], [b, n]) => m - n || (a < b ? -1 : 1));
    return first?.[0] ?? null;
  }
}

function fits(pod: KubeObject, node: KubeObject): boolean {
  if (objectAt(node, 'spec').unschedulable === true) return false;
  const labels = objectAt(node, 'metadata', 'labels');
  return Object.entries(objectAt(pod, 'spec', 'nodeSelector')).every(
    ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
  );
}

function unschedulable(status: JsonObject): JsonObject {
  const others = listAt(status, 'conditions')
    .filter(isObject)
    .filter((condition) => textAt(condition, 'type') !== 'PodScheduled');
  const before = listAt(status, 'conditions').find(
    (condition) => textAt(condition, 'reason') === 'Unschedulable',
  );
  const condition = before ?? {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: 'no node of the lab fits the nodeSelector and is schedulable',
    lastProbeTime: null,
    lastTransitionTime: timestamp(new Date()),
  };
  return { ...status, conditions: [condition, ...others] };
}
