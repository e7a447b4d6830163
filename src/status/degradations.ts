/** Logs each degradation when it comes and when it goes, and not in between. */
import type { Log } from './log.ts';
import type { Degradation } from './status.ts';

export class Degradations {
  readonly #log: Log;
  #current: readonly Degradation[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  update(degraded: readonly Degradation[]): void {
    if (degraded === this.#current) return;
    for (const { code, message } of without(degraded, this.#current)) this.#log.warn(message, { code });
    for (const { code } of without(this.#current, degraded)) {
      if (!degraded.some((each) => each.code === code)) this.#log.info('no longer degraded', { code });
    }
    this.#current = degraded;
  }
}

function without(list: readonly Degradation[], others: readonly Degradation[]): readonly Degradation[] {
  return list.filter(
    ({ code, message }) => !others.some((each) => each.code === code && each.message === message),
  );
}
