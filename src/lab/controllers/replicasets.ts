import { ownersWithout } from '../apiserver/deletion.ts';
import {
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  textAt,
} from '../apiserver/json.ts';
import { selectorObjectMatch } from '../apiserver/selectors.ts';
import { StatusError } from '../apiserver/status.ts';
import type { Key } from '../apiserver/storage.ts';
import type { Store } from '../apiserver/store.ts';
import { recordEvent } from './events.ts';
import { controllerOf, isControlledBy, isDeleting, keyOf, ownerReference } from './owner.ts';
import { WorkQueue } from './queue.ts';

const component = 'replicaset-controller';

/** Keeps as many pods as a ReplicaSet wants, adopts matching orphans, releases what no longer matches. */
export function startReplicaSetController(store: Store, failed: (error: unknown) => void): () => void {
  const queue = new WorkQueue<Key>((key) => reconcile(store, key), failed);
  const add = (key: Key): void => queue.add(`${key.namespace}/${key.name}`, key);
  const stops = [
    store.watch('replicasets', ({ object }) => add(keyOf(object)), { initial: true }),
    store.watch('pods', ({ object }) => {
      const namespace = object.metadata.namespace ?? '';
      const owner = controllerOf(object);
      if (owner !== null && textAt(owner, 'kind') === 'ReplicaSet')
        add({ namespace, name: textAt(owner, 'name') });
      else for (const set of store.list('replicasets', { namespace }).items) add(keyOf(set));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    queue.stop();
  };
}

function reconcile(store: Store, key: Key): void {
  const set = store.get('replicasets', key);
  if (set === null) return;
  if (!isDeleting(set)) {
    claim(store, set);
    const active = ownPods(store, set).filter(isActive);
    const missing = (numberAt(set, 'spec', 'replicas') ?? 1) - active.length;
    createPods(store, set, missing);
    for (const pod of active.toSorted(removalOrder).slice(0, Math.max(0, -missing)))
      removePod(store, set, pod);
  }
  writeStatus(store, set);
}

function ownPods(store: Store, set: KubeObject): readonly KubeObject[] {
  const { namespace = '' } = set.metadata;
  return store.list('pods', { namespace }).items.filter((pod) => isControlledBy(pod, set));
}

/** Counts as a replica: neither ended nor on its way out. */
export function isActive(pod: KubeObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return phase !== 'Succeeded' && phase !== 'Failed' && !isDeleting(pod);
}

/** By its condition, as endpoints and rollouts count it. */
export function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
}

function claim(store: Store, set: KubeObject): void {
  const { namespace = '', uid } = set.metadata;
  const matches = selectorObjectMatch(set.spec === undefined ? {} : objectAt(set, 'spec', 'selector'));
  for (const pod of store.list('pods', { namespace }).items) {
    const selected = matches(objectAt(pod, 'metadata', 'labels'));
    const owned = isControlledBy(pod, set);
    const orphan = controllerOf(pod) === null && isActive(pod);
    if (selected === owned || (selected && !orphan)) continue;
    const owners = selected
      ? [...listAt(pod, 'metadata', 'ownerReferences'), ownerReference(set)]
      : ownersWithout(pod, uid);
    store.edit('pods', keyOf(pod), (current) => ({
      ...current,
      metadata: { ...current.metadata, ownerReferences: owners },
    }));
  }
}

/** Stops at the first refusal: the next would be the same. */
function createPods(store: Store, set: KubeObject, count: number): void {
  try {
    for (let made = 0; made < count; made += 1) createPod(store, set);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const message = `Error creating: ${error.message}`;
    recordEvent(store, set, { type: 'Warning', reason: 'FailedCreate', message, component });
  }
}

function createPod(store: Store, set: KubeObject): void {
  const template = objectAt(set, 'spec', 'template');
  const { labels = {}, annotations = {} } = objectAt(template, 'metadata');
  const pod = store.create('pods', {
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace,
      labels,
      annotations,
      ownerReferences: [ownerReference(set)],
    },
    spec: template.spec,
  });
  const message = `Created pod: ${pod.metadata.name}`;
  recordEvent(store, set, { type: 'Normal', reason: 'SuccessfulCreate', message, component });
}

function removePod(store: Store, set: KubeObject, pod: KubeObject): void {
  store.delete('pods', keyOf(pod));
  const message = `Deleted pod: ${pod.metadata.name}`;
  recordEvent(store, set, { type: 'Normal', reason: 'SuccessfulDelete', message, component });
}

/** Those that are missed least come first: without a node, not ready, young. */
function removalOrder(a: KubeObject, b: KubeObject): number {
  return worth(a) - worth(b) || Number(createdAfter(a, b)) - Number(createdAfter(b, a));
}

function worth(pod: KubeObject): number {
  if (textAt(pod, 'spec', 'nodeName') === '') return 0;
  return isReady(pod) ? 2 : 1;
}

function createdAfter(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.creationTimestamp < b.metadata.creationTimestamp;
}

function writeStatus(store: Store, set: KubeObject): void {
  const pods = ownPods(store, set).filter(isActive);
  const wanted = objectAt(set, 'spec', 'template', 'metadata', 'labels');
  const labelled = pods.filter((pod) => {
    const labels = objectAt(pod, 'metadata', 'labels');
    return Object.entries(wanted).every(([key, value]) => labels[key] === value);
  });
  const ready = pods.filter(isReady).length;
  const status: JsonObject = {
    replicas: pods.length,
    ...positive('fullyLabeledReplicas', labelled.length),
    ...positive('readyReplicas', ready),
    ...positive('availableReplicas', ready),
    observedGeneration: set.metadata.generation ?? 1,
  };
  if (!sameJson(status, set.status)) store.editStatus('replicasets', keyOf(set), () => status);
}

/** Counts of zero are left out, as Go leaves them out. */
export function positive(name: string, count: number): JsonObject {
  return count === 0 ? {} : { [name]: count };
}
