/**
 * One object for many equal ones: the replicas of a workload have the same labels and ports, and the pods of
 * a namespace its name, but each comes from the API server as an object of its own.
 */
import type { ValueOf, WatchedResource } from '../kinds/kinds.ts';
import type { Pod } from '../model/cluster.ts';

const LARGEST = 20_000;

export class Pool {
  readonly #objects = new Map<string, unknown>();

  /** `value`, or the equal one that came before. `key` says what it is and all that is in it. */
  share<T>(key: string, value: T): T {
    const known = this.#objects.get(key);
    if (known !== undefined) return known as T;
    // What is gone from the cluster is not counted: now and then the pool starts over.
    if (this.#objects.size >= LARGEST) this.#objects.clear();
    this.#objects.set(key, value);
    return value;
  }
}

/** The kinds of which there are so many that their parts are shared. */
const POOLED: { readonly [R in WatchedResource]?: (value: ValueOf<R>, pool: Pool) => ValueOf<R> } = {
  pods: pooledPod,
};

/** The same value made of parts that others have too. */
export function pooled<R extends WatchedResource>(resource: R, value: ValueOf<R>, pool: Pool): ValueOf<R> {
  return POOLED[resource]?.(value, pool) ?? value;
}

function pooledPod(pod: Pod, pool: Pool): Pod {
  const text = (value: string): string => pool.share(`text ${value}`, value);
  return {
    ...pod,
    namespace: text(pod.namespace),
    node: pod.node === null ? null : text(pod.node),
    labels: pool.share(`labels ${JSON.stringify([...pod.labels])}`, pod.labels),
    ports: pool.share(`ports ${JSON.stringify(pod.ports)}`, pod.ports),
  };
}
