import { type KubeObject, listAt, textAt } from '../json.ts';
import type { Store } from '../store.ts';
import { cleanupFinalizer } from './acceptance.ts';
import { customName } from './definition.ts';

/**
 * What becomes of custom objects and of other definitions when a CustomResourceDefinition goes: first its objects,
 * then itself, then whoever waited for its names is served. Returns how to stop.
 */
export function startDefinitionKeeper(store: Store): () => void {
  return store.watchAll(({ type, object }, resource) => {
    if (resource === 'customresourcedefinitions') {
      if (type === 'DELETED') reconsider(store, textAt(object, 'spec', 'group'));
      else clear(store, object);
    } else if (type === 'DELETED' && resource.includes('.')) {
      const definition = store.get('customresourcedefinitions', { namespace: '', name: resource });
      if (definition !== null) clear(store, definition);
    }
  });
}

/** Takes the objects of a definition that is being deleted along, and lets it go after the last. */
function clear(store: Store, definition: KubeObject): void {
  if (definition.metadata.deletionTimestamp === undefined) return;
  const name = customName(
    textAt(definition, 'status', 'acceptedNames', 'plural'),
    textAt(definition, 'spec', 'group'),
  );
  for (const { metadata } of [...store.storage.values(name)]) {
    if (metadata.deletionTimestamp === undefined)
      store.delete(name, { namespace: metadata.namespace ?? '', name: metadata.name });
  }
  const empty = [...store.storage.values(name)].length === 0;
  store.edit('customresourcedefinitions', { namespace: '', name: definition.metadata.name }, (current) => {
    if (!empty) return current;
    const finalizers = listAt(current, 'metadata', 'finalizers').filter((item) => item !== cleanupFinalizer);
    return { ...current, metadata: { ...current.metadata, finalizers } };
  });
}

/** An update that changes nothing but what the server decides: whether names are free. */
function reconsider(store: Store, group: string): void {
  for (const { metadata, spec } of store.list('customresourcedefinitions').items) {
    if (textAt({ spec }, 'spec', 'group') !== group) continue;
    store.edit('customresourcedefinitions', { namespace: '', name: metadata.name }, (current) => current);
  }
}
