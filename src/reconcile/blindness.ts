/**
 * Whether changes of the cluster have failed to arrive for more than a moment. Then a pod may be starting
 * on this node of which nobody has told us, and its address must stay closed; a watch that breaks and comes
 * back, as all of them do, changes nothing.
 */
import type { Clock } from '../time/clock.ts';

/** Longer than the first retry takes (0.8 s and jitter, and a second until the watch counts as steady). */
export const MOMENT_MS = 3_000;

export interface BlindnessOptions {
  readonly clock: Clock;
  changed(blind: boolean): void;
}

export class Blindness {
  readonly #options: BlindnessOptions;
  #blind = false;
  #cancel: (() => void) | null = null;

  constructor(options: BlindnessOptions) {
    this.#options = options;
  }

  get blind(): boolean {
    return this.#blind;
  }

  /** When the first of the failures that still last began, by the clock; null: everything is followed. */
  update(since: number | null): void {
    const { clock } = this.#options;
    this.#cancel?.();
    this.#cancel = null;
    if (since === null) {
      this.#set(false);
    } else if (!this.#blind) {
      const rest = Math.max(0, since + MOMENT_MS - clock.now());
      this.#cancel = clock.after(rest, () => this.#set(true));
    }
  }

  #set(blind: boolean): void {
    if (blind === this.#blind) return;
    this.#blind = blind;
    this.#options.changed(blind);
  }
}
