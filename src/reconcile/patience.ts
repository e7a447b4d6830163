/** How long nft has been at work: told when that is suspiciously long, and part of the status while it lasts. */
import type { Degradation } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';

/** Past this, what keeps the kernel from following is reported at once, and a quick end is not waited for. */
export const PATIENCE_MS = 10_000;

export interface PatienceOptions {
  readonly clock: Clock;
  slow(): void;
}

export class Patience {
  readonly #options: PatienceOptions;
  #since: number | null = null;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  get degraded(): Degradation | null {
    if (this.#since === null) return null;
    const waited = this.#options.clock.now() - this.#since;
    if (waited < PATIENCE_MS) return null;
    const seconds = Math.round(waited / 1000);
    return {
      code: 'NFT_SLOW',
      message: `nft has been at work for ${seconds} s; the last ruleset stays in force`,
    };
  }

  async during<T>(work: Promise<T>): Promise<T> {
    const { clock, slow } = this.#options;
    this.#since = clock.now();
    const cancel = clock.after(PATIENCE_MS, slow);
    try {
      return await work;
    } finally {
      cancel();
      this.#since = null;
    }
  }
}
