/**
 * Finds the selectors that may match a set of labels without trying all of them: each selector is filed
 * under one label it requires (the first `In`, else the first `Exists`), or under "any".
 * Guarantees a superset of the matching entries; never decides a match itself.
 */
import type { Labels, Selector } from '../model/labels.ts';

const ANY: readonly string[] = [''];

/** Keys under which a selector is filed; label keys and values hold no NUL. */
function filing(selector: Selector): readonly string[] {
  if (selector.kind === 'nothing') return [];
  const byValue = selector.requirements.find((requirement) => requirement.operator === 'In');
  if (byValue) return [...new Set(byValue.values)].map((value) => `${byValue.key}\0${value}`);
  const byKey = selector.requirements.find((requirement) => requirement.operator === 'Exists');
  return byKey ? [byKey.key] : ANY;
}

export class SelectorIndex<Entry extends object> {
  /** Most selectors are the only one under their label: no set for them. */
  readonly #entries = new Map<string, Entry | Set<Entry>>();

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  add(selector: Selector, entry: Entry): void {
    for (const key of filing(selector)) {
      const present = this.#entries.get(key);
      if (present === undefined) this.#entries.set(key, entry);
      else if (present instanceof Set) present.add(entry);
      else if (present !== entry) this.#entries.set(key, new Set([present, entry]));
    }
  }

  delete(selector: Selector, entry: Entry): void {
    for (const key of filing(selector)) {
      const present = this.#entries.get(key);
      if (present instanceof Set) present.delete(entry);
      if (present === entry || (present instanceof Set && present.size === 0)) this.#entries.delete(key);
    }
  }

  /** Each entry once: its keys are alternatives of one label key, and a label has one value. */
  *candidates(labels: Labels): Iterable<Entry> {
    yield* this.#under('');
    for (const [key, value] of labels) {
      yield* this.#under(key);
      yield* this.#under(`${key}\0${value}`);
    }
  }

  #under(key: string): Iterable<Entry> {
    const present = this.#entries.get(key);
    if (present === undefined) return [];
    return present instanceof Set ? present : [present];
  }
}
