import type { Store } from '../apiserver/store.ts';
import { startNamespaceController } from './namespaces.ts';

/** Starts what a cluster's controller manager does and the lab needs. Returns how to stop it. */
export function startControllers(store: Store): () => void {
  const stops = [startNamespaceController(store)];
  return () => {
    for (const stop of stops) stop();
  };
}
