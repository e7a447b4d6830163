/** Ends an attempt that makes no progress: a connection can die without a word. */
import type { Clock } from '../time/clock.ts';

export class Deadline {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onAbort = (): void => this.#controller.abort();
  #cancel: () => void = () => {};
  #expired = false;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    if (parent.aborted) this.#controller.abort();
    else parent.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It ran out, as opposed to the parent having ended the attempt. */
  get expired(): boolean {
    return this.#expired;
  }

  /** Starts over. */
  extend(milliseconds: number): void {
    this.#cancel();
    if (this.#controller.signal.aborted) return;
    this.#cancel = this.#clock.after(milliseconds, () => {
      this.#expired = true;
      this.#controller.abort();
    });
  }

  /** Closes whatever is still open. */
  end(): void {
    this.#cancel();
    this.#parent.removeEventListener('abort', this.#onAbort);
    this.#controller.abort();
  }
}
