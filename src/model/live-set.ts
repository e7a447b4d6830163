/**
 * A set that grows and shrinks, and views of it that never change. The newest view is the set itself; an
 * older one remembers what was added and removed on the way to the next, so that the difference of two views
 * costs what has changed between them, however large the set. Only going through an older view copies it.
 */

export interface SetChange {
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** What a view differs in from the next; `next` is null while that is the live set itself. */
interface Stage {
  readonly added: Set<string>;
  readonly removed: Set<string>;
  next: Stage | null;
}

function newStage(): Stage {
  return { added: new Set(), removed: new Set(), next: null };
}

export class LiveSet {
  readonly #values = new Set<string>();
  #view: SetView | null = null;
  #stage: Stage = newStage();

  get size(): number {
    return this.#values.size;
  }

  has(value: string): boolean {
    return this.#values.has(value);
  }

  /** False when it was there already. */
  add(value: string): boolean {
    if (this.#values.has(value)) return false;
    this.#values.add(value);
    if (!this.#stage.removed.delete(value)) this.#stage.added.add(value);
    return true;
  }

  /** False when it was not there. */
  delete(value: string): boolean {
    if (!this.#values.delete(value)) return false;
    if (!this.#stage.added.delete(value)) this.#stage.removed.add(value);
    return true;
  }

  /** The set as it is now; the same object until something changes. */
  view(): SetView {
    const { added, removed } = this.#stage;
    if (this.#view !== null && added.size + removed.size === 0) return this.#view;
    const stage = newStage();
    if (this.#view !== null) this.#stage.next = stage;
    this.#stage = stage;
    this.#view = new SetView(this.#values, stage);
    return this.#view;
  }
}

export class SetView implements ReadonlySet<string> {
  readonly #live: ReadonlySet<string>;
  readonly #stage: Stage;
  #copy: ReadonlySet<string> | null = null;

  constructor(live: ReadonlySet<string>, stage: Stage) {
    this.#live = live;
    this.#stage = stage;
  }

  /** null: `after` is not a later view of the same set. */
  static change(before: SetView, after: SetView): SetChange | null {
    const added = new Set<string>();
    const removed = new Set<string>();
    for (let stage = before.#stage; stage !== after.#stage; ) {
      for (const value of stage.added) if (!removed.delete(value)) added.add(value);
      for (const value of stage.removed) if (!added.delete(value)) removed.add(value);
      if (stage.next === null) return null;
      stage = stage.next;
    }
    return { removed: [...removed], added: [...added] };
  }

  get size(): number {
    let size = this.#live.size;
    for (let stage: Stage | null = this.#stage; stage !== null; stage = stage.next)
      size += stage.removed.size - stage.added.size;
    return size;
  }

  has(value: string): boolean {
    for (let stage: Stage | null = this.#stage; stage !== null; stage = stage.next) {
      if (stage.added.has(value)) return false;
      if (stage.removed.has(value)) return true;
    }
    return this.#live.has(value);
  }

  forEach(visit: (value: string, key: string, set: ReadonlySet<string>) => void): void {
    for (const value of this.#values()) visit(value, value, this);
  }

  entries(): SetIterator<[string, string]> {
    return this.#values().entries();
  }

  keys(): SetIterator<string> {
    return this.#values().keys();
  }

  values(): SetIterator<string> {
    return this.#values().values();
  }

  [Symbol.iterator](): SetIterator<string> {
    return this.#values().values();
  }

  #values(): ReadonlySet<string> {
    if (this.#copy !== null) return this.#copy;
    const { added, removed, next } = this.#stage;
    if (next === null && added.size + removed.size === 0) return this.#live;
    this.#copy = this.#undo();
    return this.#copy;
  }

  /** From the live set back to this view, the latest stage first. */
  #undo(): ReadonlySet<string> {
    const stages: Stage[] = [];
    for (let stage: Stage | null = this.#stage; stage !== null; stage = stage.next) stages.push(stage);
    const values = new Set(this.#live);
    for (const { added, removed } of stages.reverse()) {
      for (const value of added) values.delete(value);
      for (const value of removed) values.add(value);
    }
    return values;
  }
}
