import { largest } from '../../model/largest.ts';
import {
  at,
  type JsonObject,
  type KubeObject,
  numberAt,
  objectAt,
  sameJson,
  textAt,
} from '../apiserver/json.ts';
import type { Key } from '../apiserver/storage.ts';
import type { Store } from '../apiserver/store.ts';
import { deploymentStatus } from './deployment-status.ts';
import { recordEvent } from './events.ts';
import { controllerOf, isControlledBy, isDeleting, keyOf, ownerReference } from './owner.ts';
import { WorkQueue } from './queue.ts';
import { type RolloutSet, readyOf, replicasOf, rolloutSteps } from './rollout.ts';
import { hashLabel, templateHash, templateOf } from './template-hash.ts';

const component = 'deployment-controller';
const revisionKey = 'deployment.kubernetes.io/revision';

/** Turns Deployments into ReplicaSets, one per template, and moves the pods from the old ones to the new. */
export function startDeploymentController(store: Store, failed: (error: unknown) => void): () => void {
  const queue = new WorkQueue<Key>((key) => reconcile(store, key), failed);
  const add = (key: Key): void => queue.add(`${key.namespace}/${key.name}`, key);
  const stops = [
    store.watch('deployments', ({ object }) => add(keyOf(object)), { initial: true }),
    store.watch('replicasets', ({ object }) => {
      const owner = controllerOf(object);
      if (owner === null || textAt(owner, 'kind') !== 'Deployment') return;
      add({ namespace: object.metadata.namespace ?? '', name: textAt(owner, 'name') });
    }),
    // A rollout that recreates waits for the old pods to be gone, which no ReplicaSet tells.
    store.watch('pods', ({ type, object }) => {
      if (type !== 'DELETED') return;
      const namespace = object.metadata.namespace ?? '';
      for (const deployment of store.list('deployments', { namespace }).items) add(keyOf(deployment));
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    queue.stop();
  };
}

function reconcile(store: Store, key: Key): void {
  const deployment = store.get('deployments', key);
  if (deployment === null) return;
  if (!isDeleting(deployment)) {
    const paused = at(deployment, 'spec', 'paused') === true;
    const current = currentSet(store, deployment, paused);
    if (current !== null) roll(store, deployment, current);
    forgetOld(store, deployment, current);
  }
  writeStatus(store, deployment);
}

function setsOf(store: Store, deployment: KubeObject): readonly KubeObject[] {
  const { namespace = '' } = deployment.metadata;
  return store.list('replicasets', { namespace }).items.filter((set) => isControlledBy(set, deployment));
}

function revisionOf(object: KubeObject): number {
  return Number(textAt(object, 'metadata', 'annotations', revisionKey)) || 0;
}

/** The ReplicaSet of the present template, made when there is none yet; null while paused without one. */
function currentSet(store: Store, deployment: KubeObject, paused: boolean): KubeObject | null {
  const sets = setsOf(store, deployment);
  const template = objectAt(deployment, 'spec', 'template');
  const found = sets.find((set) => sameJson(templateOf(set), template));
  const revision = largest(sets.filter((set) => set !== found).map(revisionOf)) + 1;
  if (found === undefined) return paused ? null : createSet(store, deployment, revision);
  if (revisionOf(found) < revision) markRevision(store, 'replicasets', found, revision);
  markRevision(store, 'deployments', deployment, Math.max(revision, revisionOf(found)));
  return store.get('replicasets', keyOf(found));
}

function markRevision(
  store: Store,
  resource: 'deployments' | 'replicasets',
  object: KubeObject,
  revision: number,
): void {
  if (revisionOf(object) === revision) return;
  store.edit(resource, keyOf(object), (current) => {
    const annotations = { ...objectAt(current, 'metadata', 'annotations'), [revisionKey]: String(revision) };
    return { ...current, metadata: { ...current.metadata, annotations } };
  });
}

function createSet(store: Store, deployment: KubeObject, revision: number): KubeObject {
  const { metadata } = deployment;
  const template = objectAt(deployment, 'spec', 'template');
  const selector = objectAt(deployment, 'spec', 'selector');
  const taken = (name: string): boolean =>
    store.get('replicasets', { namespace: metadata.namespace ?? '', name }) !== null;
  let attempt = 0;
  let hash = templateHash(template, attempt);
  while (taken(`${metadata.name}-${hash}`)) {
    attempt += 1;
    hash = templateHash(template, attempt);
  }
  const label = { [hashLabel]: hash };
  const labels = { ...objectAt(template, 'metadata', 'labels'), ...label };
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...annotations } = objectAt(
    metadata,
    'annotations',
  );
  const set = store.create('replicasets', {
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: { ...annotations, [revisionKey]: String(revision) },
      ownerReferences: [ownerReference(deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...objectAt(selector, 'matchLabels'), ...label } },
      template: { ...template, metadata: { ...objectAt(template, 'metadata'), labels } },
    },
  });
  markRevision(store, 'deployments', deployment, revision);
  return set;
}

function roll(store: Store, deployment: KubeObject, current: KubeObject): void {
  const sets = setsOf(store, deployment).map(
    (object): RolloutSet => ({
      name: object.metadata.name,
      current: object.metadata.uid === current.metadata.uid,
      replicas: replicasOf(object),
      ready: readyOf(object),
      created: object.metadata.creationTimestamp,
    }),
  );
  const { namespace = '' } = deployment.metadata;
  const lingering = store
    .list('pods', { namespace })
    .items.filter((pod) =>
      sets.some((set) => !set.current && textAt(controllerOf(pod) ?? {}, 'name') === set.name),
    );
  for (const { name, replicas } of rolloutSteps(deployment, sets, lingering.length)) {
    const before = sets.find((set) => set.name === name)?.replicas ?? 0;
    store.edit('replicasets', { namespace, name }, (set) => ({
      ...set,
      spec: { ...objectAt(set, 'spec'), replicas },
    }));
    const verb = replicas > before ? 'up' : 'down';
    const message = `Scaled ${verb} replica set ${name} from ${before} to ${replicas}`;
    recordEvent(store, deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message, component });
  }
}

/** Old, empty ReplicaSets beyond `revisionHistoryLimit` go, the oldest first. */
function forgetOld(store: Store, deployment: KubeObject, current: KubeObject | null): void {
  const limit = numberAt(deployment, 'spec', 'revisionHistoryLimit') ?? 10;
  const empty = setsOf(store, deployment).filter(
    (set) =>
      set.metadata.uid !== current?.metadata.uid &&
      replicasOf(set) === 0 &&
      at(set, 'status', 'replicas') === 0,
  );
  const oldest = empty.toSorted((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of oldest.slice(0, Math.max(0, empty.length - limit)))
    store.delete('replicasets', keyOf(set));
}

function writeStatus(store: Store, before: KubeObject): void {
  const deployment = store.get('deployments', keyOf(before));
  if (deployment === null) return;
  const sets = setsOf(store, deployment);
  const template = objectAt(deployment, 'spec', 'template');
  const current = sets.find((set) => sameJson(templateOf(set), template)) ?? null;
  const status: JsonObject = deploymentStatus(deployment, sets, current, store.now());
  if (!sameJson(status, deployment.status)) store.editStatus('deployments', keyOf(deployment), () => status);
}
