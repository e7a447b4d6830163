import type { Catalog } from './catalog.ts';
import { ownersWithout } from './deletion.ts';
import { type KubeObject, listAt } from './json.ts';
import type { ResourceName } from './resources.ts';
import type { Storage } from './storage.ts';

export interface Content {
  readonly resource: ResourceName;
  readonly object: KubeObject;
}

/** Objects of every kind inside a namespace; the whole cluster's, cluster-wide kinds included, for none. */
export function contentsOf(catalog: Catalog, storage: Storage, namespace: string): readonly Content[] {
  return catalog
    .kinds()
    .filter((resource) => resource.namespaced || namespace === '')
    .flatMap(({ name }) =>
      [...storage.values(name)]
        .filter((object) => namespace === '' || object.metadata.namespace === namespace)
        .map((object) => ({ resource: name, object })),
    );
}

/** What names the object as its owner: in its namespace, or anywhere when it has none. */
export function dependentsOf(catalog: Catalog, storage: Storage, owner: KubeObject): readonly Content[] {
  const { uid, namespace = '' } = owner.metadata;
  return contentsOf(catalog, storage, namespace).filter(
    ({ object }) => ownersWithout(object, uid).length < listAt(object, 'metadata', 'ownerReferences').length,
  );
}
