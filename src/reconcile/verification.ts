/**
 * When a table is read again that nobody is known to have changed: from time to time, spread by chance, and so
 * seldom that it costs next to nothing however large the table is.
 */

/** While others' changes are heard of this only stands behind that; while they are not, it is all there is. */
const HEARD_MS = 60_000;
const UNHEARD_MS = 5_000;
/** Between a read and the next at least so many times what it took. */
const HEARD_SHARE = 200;
const UNHEARD_SHARE = 20;

export interface VerificationOptions {
  /** 0 <= random() < 1 */
  readonly random: () => number;
}

export class Verification {
  readonly #options: VerificationOptions;
  #heard = true;
  #took = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(options: VerificationOptions) {
    this.#options = options;
  }

  /** By the clock. */
  get dueAt(): number {
    return this.#dueAt;
  }

  setHeard(heard: boolean, now: number): void {
    if (heard === this.#heard) return;
    this.#heard = heard;
    if (this.#dueAt !== Number.POSITIVE_INFINITY) this.#dueAt = now + this.#delay();
  }

  /** The table has been read, which took so long. */
  done(took: number, now: number): void {
    this.#took = took;
    this.#dueAt = now + this.#delay();
  }

  #delay(): number {
    const [least, share] = this.#heard ? [HEARD_MS, HEARD_SHARE] : [UNHEARD_MS, UNHEARD_SHARE];
    return Math.max(least, share * this.#took) * (1 + this.#options.random() / 2);
  }
}
