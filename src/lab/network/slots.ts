/**
 * The numbers of a node's pods. The lowest free one is handed out: an address is reused soon, as in a
 * small cluster, which is what the agent has to survive.
 */
export class Slots {
  readonly #taken = new Set<number>();
  readonly #first: number;
  readonly #last: number;

  constructor(first: number, last: number) {
    this.#first = first;
    this.#last = last;
  }

  /** null: all are taken. */
  take(): number | null {
    for (let slot = this.#first; slot <= this.#last; slot += 1) {
      if (this.#taken.has(slot)) continue;
      this.#taken.add(slot);
      return slot;
    }
    return null;
  }

  release(slot: number): void {
    this.#taken.delete(slot);
  }
}
