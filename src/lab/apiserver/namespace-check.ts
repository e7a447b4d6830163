import { type KubeObject, textAt } from './json.ts';
import { builtIn, type Resource } from './resources.ts';
import { forbidden, notFound } from './status.ts';
import type { Storage } from './storage.ts';

/** 404 when the namespace of a new object is not there, 403 when it is being deleted. */
export function checkNamespace(storage: Storage, resource: Resource, object: KubeObject): void {
  if (!resource.namespaced) return;
  const name = object.metadata.namespace ?? '';
  const namespace = storage.get('namespaces', { namespace: '', name });
  if (namespace === null) throw notFound(builtIn('namespaces'), name);
  if (
    textAt(namespace, 'status', 'phase') !== 'Terminating' &&
    namespace.metadata.deletionTimestamp === undefined
  )
    return;
  const why = `unable to create new content in namespace ${name} because it is being terminated`;
  throw forbidden(resource, object.metadata.name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${name} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
