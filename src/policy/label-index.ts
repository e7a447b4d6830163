/**
 * Finds the items that may match a selector without trying all of them, by label key and value.
 * Guarantees a superset of the matching items; never decides a match itself.
 */
import type { Labels, Requirement, Selector } from '../model/labels.ts';

export class LabelIndex<Item> {
  readonly #items = new Map<string, Map<string, Set<Item>>>();

  add(labels: Labels, item: Item): void {
    for (const [key, value] of labels) {
      const values = this.#items.get(key) ?? new Map<string, Set<Item>>();
      this.#items.set(key, values);
      const items = values.get(value);
      if (items) items.add(item);
      else values.set(value, new Set([item]));
    }
  }

  delete(labels: Labels, item: Item): void {
    for (const [key, value] of labels) {
      const values = this.#items.get(key);
      const items = values?.get(value);
      items?.delete(item);
      if (items?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#items.delete(key);
    }
  }

  /** How many items the labels that the selector requires leave; null: it requires none. */
  count(selector: Selector): number | null {
    if (selector.kind === 'nothing') return 0;
    return this.#narrowest(selector.requirements)?.count ?? null;
  }

  /** null: the selector requires no label, so everything may match. */
  candidates(selector: Selector): readonly Item[] | null {
    if (selector.kind === 'nothing') return [];
    const narrowest = this.#narrowest(selector.requirements);
    return narrowest?.groups.flatMap((items) => [...items]) ?? null;
  }

  /** The requirement that leaves the fewest items, none of which is looked at here. */
  #narrowest(requirements: readonly Requirement[]): Narrowed<Item> | null {
    let best: Narrowed<Item> | null = null;
    for (const { key, operator, values } of requirements) {
      if (operator !== 'In') continue;
      const byValue = this.#items.get(key);
      const groups = [...new Set(values)].flatMap((value) => byValue?.get(value) ?? []);
      const count = groups.reduce((sum, items) => sum + items.size, 0);
      if (best === null || count < best.count) best = { groups, count };
    }
    return best;
  }
}

interface Narrowed<Item> {
  readonly groups: readonly ReadonlySet<Item>[];
  readonly count: number;
}
