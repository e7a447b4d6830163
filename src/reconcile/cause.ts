/** Gathers why a commit happens, in few words however many changes there were. */
import { type Change, changedObject } from '../model/cluster.ts';

const NAMED = 3;

export interface Taken {
  readonly text: string;
  /** The moment of the first change. */
  readonly since: number;
}

export class Cause {
  readonly #names = new Set<string>();
  #changes = 0;
  #since: number | null = null;

  /** `now` is the moment of arrival. */
  add(names: readonly string[], now: number): void {
    if (names.length === 0) return;
    this.#since ??= now;
    this.#changes += names.length;
    for (const name of names) {
      if (this.#names.size >= NAMED) break;
      this.#names.add(name);
    }
  }

  peek(now: number): Taken {
    const more = this.#changes - this.#names.size;
    const text = [...this.#names].join(', ') + (more > 0 ? ` and ${more} more` : '');
    return { text, since: this.#since ?? now };
  }

  /** The same, and starts over. */
  take(now: number): Taken {
    const taken = this.peek(now);
    this.#names.clear();
    this.#changes = 0;
    this.#since = null;
    return taken;
  }
}

/** `policy shop/api gone`, for the log. */
export function describeChange(change: Change): string {
  return `${changedObject(change)}${change.value === null ? ' gone' : ''}`;
}
