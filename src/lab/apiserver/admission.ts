import { type JsonObject, type KubeObject, listAt, objectAt, sameJson, textAt } from './json.ts';
import type { Resource } from './resources.ts';
import type { Storage } from './storage.ts';

/** What admission needs to know beside the object. */
export interface Admission {
  /** Ranges that Services get their ClusterIP from, one or two families. */
  readonly serviceRanges: readonly string[];
}

export interface AdmissionContext {
  readonly options: Admission;
  readonly storage: Storage;
}

const withGeneration: ReadonlySet<string> = new Set([
  'deployments',
  'replicasets',
  'networkpolicies',
  'pods',
]);

/** A new object as the server stores it. */
export function admit(resource: Resource, object: KubeObject, _context: AdmissionContext): KubeObject {
  return prepare(resource, object);
}

/** The server's own fields of a new object: labels, generation, the first status. */
function prepare(resource: Resource, object: KubeObject): KubeObject {
  const metadata = withGeneration.has(resource.name)
    ? { ...object.metadata, generation: 1 }
    : object.metadata;
  switch (resource.name) {
    case 'namespaces':
      return {
        ...object,
        metadata: {
          ...metadata,
          labels: { ...objectAt(metadata, 'labels'), 'kubernetes.io/metadata.name': metadata.name },
        },
        spec: { ...objectAt(object, 'spec'), finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      };
    case 'pods':
      return { ...object, metadata, status: { phase: 'Pending', qosClass: 'BestEffort' } };
    case 'deployments':
      return { ...object, metadata, status: {} };
    case 'replicasets':
      return { ...object, metadata, status: { replicas: 0 } };
    case 'services':
      return { ...object, metadata, status: { loadBalancer: {} } };
    case 'nodes':
      return { ...object, metadata, status: objectAt(object, 'status') };
    default:
      return { ...object, metadata };
  }
}

/** What an update leaves: `main` keeps the old status, `status` keeps everything else. */
export function admitUpdate(
  resource: Resource,
  old: KubeObject,
  input: JsonObject,
  part: 'main' | 'status',
  _context: AdmissionContext,
): KubeObject {
  if (part === 'status') return { ...old, status: objectAt(input, 'status') };
  const given = objectAt(input, 'metadata');
  const { labels, annotations, ownerReferences, finalizers, ...identity } = old.metadata;
  const metadata = {
    ...identity,
    ...(given.labels === undefined ? {} : { labels: given.labels }),
    ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
    ...(given.ownerReferences === undefined ? {} : { ownerReferences: given.ownerReferences }),
    ...(listAt(given, 'finalizers').length === 0 ? {} : { finalizers: listAt(given, 'finalizers') }),
  };
  const { status: _status, ...rest } = input;
  const next: KubeObject = {
    ...rest,
    apiVersion: old.apiVersion,
    kind: old.kind,
    metadata,
    ...(old.status === undefined ? {} : { status: old.status }),
  };
  return bump(resource, old, next);
}

/** `metadata.generation` counts changes of the specification. */
function bump(resource: Resource, old: KubeObject, next: KubeObject): KubeObject {
  if (!withGeneration.has(resource.name) || sameJson(old.spec, next.spec)) return next;
  const generation = Number(old.metadata.generation ?? 1) + 1;
  return { ...next, metadata: { ...next.metadata, generation } };
}

/** A namespace that was asked to go. */
export function isTerminating(object: KubeObject): boolean {
  return textAt(object, 'metadata', 'deletionTimestamp') !== '';
}
