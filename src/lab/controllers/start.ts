import type { Store } from '../apiserver/store.ts';
import { startDeploymentController } from './deployments.ts';
import { startEndpointSliceController } from './endpointslices.ts';
import { startGarbageCollector } from './garbage.ts';
import { startNamespaceController } from './namespaces.ts';
import { startReplicaSetController } from './replicasets.ts';

/**
 * Starts what a cluster's controller manager does and the lab needs. Returns how to stop it.
 * `failed` hears of work that went wrong; by default it is left to the next change.
 */
export function startControllers(
  store: Store,
  failed: (error: unknown) => void = () => undefined,
): () => void {
  const stops = [
    startNamespaceController(store),
    startGarbageCollector(store),
    startReplicaSetController(store, failed),
    startDeploymentController(store, failed),
    startEndpointSliceController(store, failed),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
