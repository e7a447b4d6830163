/**
 * One object for many equal ones: the replicas of a workload have the same labels and ports, and the pods of
 * a namespace its name, but each comes from the API server as an object of its own.
 */
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
