/**
 * Names of work, each once, worked off after the events that caused them: many changes of one object in one
 * turn are one reconciliation. A failing piece is reported and tried again when its object changes next.
 */
export class WorkQueue<Item> {
  readonly #pending = new Map<string, Item>();
  readonly #work: (item: Item) => void;
  readonly #failed: (error: unknown) => void;
  #scheduled: NodeJS.Immediate | null = null;

  constructor(work: (item: Item) => void, failed: (error: unknown) => void) {
    this.#work = work;
    this.#failed = failed;
  }

  add(id: string, item: Item): void {
    this.#pending.set(id, item);
    this.#scheduled ??= setImmediate(() => this.#run());
  }

  stop(): void {
    this.#pending.clear();
    if (this.#scheduled !== null) clearImmediate(this.#scheduled);
    this.#scheduled = null;
  }

  #run(): void {
    this.#scheduled = null;
    const items = [...this.#pending.values()];
    this.#pending.clear();
    for (const item of items) {
      try {
        this.#work(item);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}
