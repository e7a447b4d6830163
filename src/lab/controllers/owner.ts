import { at, isObject, type JsonObject, type KubeObject, listAt, textAt } from '../apiserver/json.ts';
import type { Key } from '../apiserver/storage.ts';

/** The object's owner that manages it, null when nobody does. */
export function controllerOf(object: KubeObject): JsonObject | null {
  const owners = listAt(object, 'metadata', 'ownerReferences').filter(isObject);
  return owners.find((owner) => owner.controller === true) ?? null;
}

/** By uid: an owner of the same name that came later is another. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  return textAt(controllerOf(object) ?? {}, 'uid') === owner.metadata.uid;
}

/** The reference that makes its holder a dependent which the owner controls. */
export function ownerReference({ apiVersion, kind, metadata }: KubeObject): JsonObject {
  const { name, uid } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** What finds the object in the store. */
export function keyOf({ metadata }: KubeObject): Key {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

/** Deletion was asked for, and something still holds the object. */
export function isDeleting(object: KubeObject): boolean {
  return at(object, 'metadata', 'deletionTimestamp') !== undefined;
}
