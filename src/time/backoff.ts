/** Exponential delays with jitter. Pure but for the randomness handed in; the owner does the waiting. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0 <= random() < 1 */
  readonly random: () => number;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure; the delay before the next try, between half and all of the doubled base. */
  next(): number {
    const { firstMs, maxMs, random } = this.#options;
    const full = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return full / 2 + (full / 2) * random();
  }

  reset(): void {
    this.#failures = 0;
  }
}
