import { at, isObject, type JsonObject, type KubeObject, listAt, textAt } from '../apiserver/json.ts';
import type { Key } from '../apiserver/storage.ts';

/** The object's owner that manages it, null when nobody does. */
export function controllerOf(object: KubeObject): JsonObject | null {
  const owners = listAt(object, 'metadata', 'ownerReferences').filter(isObject);
  return owners.find((owner) => owner.controller === true) ?? null;
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return textAt(controllerOf(object) ?? {}, 'uid') === owner.metadata.uid;
}

export function ownerReference({ apiVersion, kind, metadata }: KubeObject): JsonObject {
  const { name, uid } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export function keyOf({ metadata }: KubeObject): Key {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

export function isDeleting(object: KubeObject): boolean {
  return at(object, 'metadata', 'deletionTimestamp') !== undefined;
}
