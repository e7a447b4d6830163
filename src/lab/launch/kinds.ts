import type { ManifestObject } from '../../manifest/read.ts';
import { kindsDefinedBy } from '../apiserver/custom/definition.ts';
import { isObject } from '../apiserver/json.ts';
import { builtInOfKind } from '../apiserver/resources.ts';

export interface LabKind {
  readonly namespaced: boolean;
  /** From a CustomResourceDefinition. */
  readonly custom: boolean;
}

/** Finds a kind by apiVersion and kind; null for one that the lab will not have. */
export type LabKinds = (object: { readonly apiVersion: string; readonly kind: string }) => LabKind | null;

/** The kinds a lab with these objects will have: the API server's own, and what definitions among them bring. */
export function labKinds(objects: readonly ManifestObject[]): LabKinds {
  const customs = new Map(
    objects
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .flatMap(({ raw }) => (isObject(raw) ? kindsDefinedBy(raw) : []))
      .map(({ apiVersion, kind, namespaced }) => [`${apiVersion} ${kind}`, { namespaced, custom: true }]),
  );
  return ({ apiVersion, kind }) => {
    const own = builtInOfKind(apiVersion, kind);
    if (own !== null) return { namespaced: own.namespaced, custom: false };
    return customs.get(`${apiVersion} ${kind}`) ?? null;
  };
}
