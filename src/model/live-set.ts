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
interface Layer {
  readonly added: Set<string>;
  readonly removed: Set<string>;
  next: Layer | null;
}

function newLayer(): Layer {
  return { added: new Set(), removed: new Set(), next: null };
}

export class LiveSet {
  readonly #values = new Set<string>();
  #view: SetView | null = null;
  #layer: Layer = newLayer();

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
    if (!this.#layer.removed.delete(value)) this.#layer.added.add(value);
    return true;
  }

  /** False when it was not there. */
  delete(value: string): boolean {
    if (!this.#values.delete(value)) return false;
    if (!this.#layer.added.delete(value)) this.#layer.removed.add(value);
    return true;
  }

  /** The set as it is now; the same object until something changes. */
  view(): SetView {
    const { added, removed } = this.#layer;
    if (this.#view !== null && added.size + removed.size === 0) return this.#view;
    const layer = newLayer();
    if (this.#view !== null) this.#layer.next = layer;
    this.#layer = layer;
    this.#view = new SetView(this.#values, layer);
    return this.#view;
  }
}

export class SetView implements ReadonlySet<string> {
  readonly #live: ReadonlySet<string>;
  readonly #layer: Layer;
  #copy: ReadonlySet<string> | null = null;

  constructor(live: ReadonlySet<string>, layer: Layer) {
    this.#live = live;
    this.#layer = layer;
  }

  /** null: `after` is not a later view of the same set. */
  static change(before: SetView, after: SetView): SetChange | null {
    const added = new Set<string>();
    const removed = new Set<string>();
    for (let layer = before.#layer; layer !== after.#layer; ) {
      for (const value of layer.added) if (!removed.delete(value)) added.add(value);
      for (const value of layer.removed) if (!added.delete(value)) removed.add(value);
      if (layer.next === null) return null;
      layer = layer.next;
    }
    return { removed: [...removed], added: [...added] };
  }

  get size(): number {
    let size = this.#live.size;
    for (let layer: Layer | null = this.#layer; layer !== null; layer = layer.next)
      size += layer.removed.size - layer.added.size;
    return size;
  }

  has(value: string): boolean {
    for (let layer: Layer | null = this.#layer; layer !== null; layer = layer.next) {
      if (layer.added.has(value)) return false;
      if (layer.removed.has(value)) return true;
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
    const { added, removed, next } = this.#layer;
    if (next === null && added.size + removed.size === 0) return this.#live;
    this.#copy = this.#undo();
    return this.#copy;
  }

  /** From the live set back to this view, the latest layer first. */
  #undo(): ReadonlySet<string> {
    const stages: Layer[] = [];
    for (let layer: Layer | null = this.#layer; layer !== null; layer = layer.next) stages.push(layer);
    const values = new Set(this.#live);
    for (const { added, removed } of stages.reverse()) {
      for (const value of added) values.delete(value);
      for (const value of removed) values.add(value);
    }
    return values;
  }
}
