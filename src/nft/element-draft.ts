/**
 * A set on its way through commands: what it held before them, and what they came to. Costs what the commands
 * name, however large the set.
 */
import type { ElementChange } from './difference.ts';
import type { Element } from './objects.ts';

export class ElementDraft {
  readonly #before: ReadonlySet<Element>;
  readonly #added = new Set<Element>();
  readonly #removed = new Set<Element>();

  constructor(before: ReadonlySet<Element>) {
    this.#before = before;
  }

  add(element: Element): void {
    if (!this.#removed.delete(element) && !this.#before.has(element)) this.#added.add(element);
  }

  delete(element: Element): void {
    if (!this.#added.delete(element) && this.#before.has(element)) this.#removed.add(element);
  }

  /** null: no change at all. */
  is(change: ElementChange | null): boolean {
    return sameMembers(this.#added, change?.added ?? []) && sameMembers(this.#removed, change?.removed ?? []);
  }

  result(): ReadonlySet<Element> {
    const elements = new Set(this.#before);
    for (const element of this.#removed) elements.delete(element);
    for (const element of this.#added) elements.add(element);
    return elements;
  }
}

/** `list` names none twice. */
function sameMembers(set: ReadonlySet<Element>, list: readonly Element[]): boolean {
  return set.size === list.length && list.every((element) => set.has(element));
}
