import { isObject, type JsonObject, type KubeObject, listAt, numberAt, objectAt, textAt } from './json.ts';
import type { Resource, ResourceName } from './resources.ts';
import { conflict } from './status.ts';

export interface DeleteOptions {
  /** Seconds a pod that runs on a node may take; 0 removes at once. Default: the pod's own. */
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Orphan keeps what the object owns. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/** What holds an owner back until its dependents are gone (`--cascade=foreground`). */
export const foregroundFinalizer = 'foregroundDeletion';

/** The owners of an object without one. */
export function ownersWithout(object: JsonObject, uid: string): readonly JsonObject[] {
  return listAt(object, 'metadata', 'ownerReferences')
    .filter(isObject)
    .filter((owner) => owner.uid !== uid);
}

/** Seconds between the request and the end; only a pod on a node, which runs, is given any. */
export function gracePeriod(name: ResourceName, object: KubeObject, asked: number | undefined): number {
  if (name !== 'pods' || textAt(object, 'spec', 'nodeName') === '') return 0;
  const phase = textAt(object, 'status', 'phase');
  if (asked === undefined && (phase === 'Succeeded' || phase === 'Failed')) return 0;
  if (asked !== undefined) return Math.max(0, asked);
  const own = objectAt(object, 'spec').terminationGracePeriodSeconds;
  return typeof own === 'number' ? Math.max(0, own) : 30;
}

/** A namespace is held by `spec.finalizers` until it is empty. */
export function namespaceHeld(name: ResourceName, object: KubeObject): boolean {
  return name === 'namespaces' && listAt(object, 'spec', 'finalizers').length > 0;
}

/** Deletion was asked for and nothing holds the object any more. */
export function isReleased(name: ResourceName, object: KubeObject): boolean {
  if (object.metadata.deletionTimestamp === undefined) return false;
  if (listAt(object, 'metadata', 'finalizers').length > 0 || namespaceHeld(name, object)) return false;
  return name !== 'pods' || (numberAt(object, 'metadata', 'deletionGracePeriodSeconds') ?? 0) === 0;
}

/** 409 when the object is not the one that was meant. */
export function checkPreconditions(
  resource: Resource,
  { metadata }: KubeObject,
  { uid = metadata.uid, resourceVersion = metadata.resourceVersion }: DeleteOptions['preconditions'] = {},
): void {
  const wrong = (what: string, asked: string, found: string): Error =>
    conflict(
      resource,
      metadata.name,
      `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${found}`,
    );
  if (uid !== metadata.uid) throw wrong('UID', uid, metadata.uid);
  if (resourceVersion !== metadata.resourceVersion)
    throw wrong('ResourceVersion', resourceVersion, metadata.resourceVersion);
}
