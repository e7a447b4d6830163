/**
 * Tries of one piece of work after it failed: quick ones first, with growing delays; then it is degraded, and
 * tried again at the next change, once a second at most, and every 30 s in any case.
 */
import type { Degradation } from '../status/status.ts';
import { Backoff } from '../time/backoff.ts';

/** Quick tries after a failure before it is reported as degraded; they take about three seconds. */
const QUICK_TRIES = 5;
const FIRST_DELAY_MS = 100;
/** While degraded: a try at the next change, but not faster than this, and one in any case every 30 s. */
const SLOWEST_CHANGE_MS = 1_000;
const SLOW_RETRY_MS = 30_000;

export interface AttemptsOptions {
  /** 0 <= random() < 1 */
  readonly random: () => number;
  /** Work that has failed for longer is degraded however few the tries, which took so long. */
  readonly patienceMs: number;
}

export interface Failed {
  /** In a row. */
  readonly failures: number;
  readonly degraded: boolean;
}

export class Attempts {
  readonly #patienceMs: number;
  readonly #backoff: Backoff;
  #degraded: Degradation | null = null;
  /** When the work arrived that has failed since. */
  #since: number | null = null;
  /** When the last try failed, and how long a quick one waits after it. */
  #failedAt = 0;
  #delay = 0;

  constructor({ random, patienceMs }: AttemptsOptions) {
    this.#patienceMs = patienceMs;
    this.#backoff = new Backoff({ firstMs: FIRST_DELAY_MS, maxMs: SLOW_RETRY_MS, random });
  }

  get degraded(): Degradation | null {
    return this.#degraded;
  }

  get failing(): boolean {
    return this.#since !== null;
  }

  /** `arrived`: when the work did. */
  failed(trouble: Degradation, arrived: number, now: number): Failed {
    this.#delay = this.#backoff.next();
    this.#failedAt = now;
    this.#since ??= arrived;
    const degraded = this.#backoff.failures > QUICK_TRIES || now - this.#since > this.#patienceMs;
    if (degraded) this.#degraded = trouble;
    return { failures: this.#backoff.failures, degraded };
  }

  /** What it was degraded by until now. */
  succeeded(): Degradation | null {
    const before = this.#degraded;
    this.#backoff.reset();
    this.#since = null;
    this.#degraded = null;
    return before;
  }

  /** From when on the next try may begin. `news`: something has changed since the last one began. */
  dueAt(news: boolean): number {
    if (this.#since === null) return 0;
    if (this.#degraded === null) return this.#failedAt + this.#delay;
    return this.#failedAt + (news ? SLOWEST_CHANGE_MS : SLOW_RETRY_MS);
  }
}
