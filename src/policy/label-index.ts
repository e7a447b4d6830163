/**
 * Finds the items that may match a selector without trying all of them, by label key and value.
 * Guarantees a superset of the matching items; never decides a match itself.
 */
import type { Labels, Selector } from '../model/labels.ts';

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

  /** null: the selector requires no label, so everything may match. */
  candidates(selector: Selector): readonly Item[] | null {
    if (selector.kind === 'nothing') return [];
    let best: readonly Item[] | null = null;
    for (const { key, operator, values } of selector.requirements) {
      if (operator !== 'In') continue;
      const byValue = this.#items.get(key);
      const found = [...new Set(values)].flatMap((value) => [...(byValue?.get(value) ?? [])]);
      if (best === null || found.length < best.length) best = found;
    }
    return best;
  }
}
