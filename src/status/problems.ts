/** What is wrong with single objects right now. Says what is new, so that each problem is logged once. */
import type { ObjectProblem } from './status.ts';

export class Problems {
  readonly #byObject = new Map<string, readonly string[]>();

  /** Replaces all that was known of the object; the messages that were not known before. */
  set(object: string, messages: readonly string[]): readonly string[] {
    const before = this.#byObject.get(object) ?? [];
    if (messages.length === 0) this.#byObject.delete(object);
    else this.#byObject.set(object, messages);
    return messages.filter((message) => !before.includes(message));
  }

  /** Replaces everything; what was not known before. */
  replace(problems: readonly ObjectProblem[]): readonly ObjectProblem[] {
    const known = this.list();
    this.clear();
    for (const { object, message } of problems) {
      this.#byObject.set(object, [...(this.#byObject.get(object) ?? []), message]);
    }
    return problems.filter(
      ({ object, message }) => !known.some((each) => each.object === object && each.message === message),
    );
  }

  clear(): void {
    this.#byObject.clear();
  }

  /** Sorted by object. */
  list(): readonly ObjectProblem[] {
    return [...this.#byObject]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([object, messages]) => messages.map((message) => ({ object, message })));
  }
}
