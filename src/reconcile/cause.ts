/** Gathers why a commit happens, in few words however many changes there were. */
import { type Change, changedObject } from '../model/cluster.ts';

const NAMED = 3;

export class Cause {
  readonly #names = new Set<string>();
  #changes = 0;
  #since: number | null = null;

  /** `now` is the moment of arrival. */
  add(names: readonly string[], now: number): void {
    this.#since ??= now;
    this.#changes += names.length;
    for (const name of names) {
      if (this.#names.size >= NAMED) break;
      this.#names.add(name);
    }
  }

  /** The text and the moment of the first change; starts over. */
  take(now: number): { readonly text: string; readonly since: number } {
    const more = this.#changes - this.#names.size;
    const text = [...this.#names].join(', ') + (more > 0 ? ` and ${more} more` : '');
    const since = this.#since ?? now;
    this.#names.clear();
    this.#changes = 0;
    this.#since = null;
    return { text, since };
  }
}

/** `policy shop/api gone`, for the log. */
export function describeChange(change: Change): string {
  return `${changedObject(change)}${change.value === null ? ' gone' : ''}`;
}
