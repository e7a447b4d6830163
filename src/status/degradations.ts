/** Tells each degradation when it comes and when it goes, and not in between. */
import type { Log } from './log.ts';
import type { Degradation, DegradationCode } from './status.ts';

export interface DegradationSink {
  came(degradation: Degradation): void;
  /** The last one of its code is over. */
  went(code: DegradationCode): void;
}

export class Degradations {
  readonly #sink: DegradationSink;
  #current: readonly Degradation[] = [];

  constructor(sink: DegradationSink) {
    this.#sink = sink;
  }

  update(degraded: readonly Degradation[]): void {
    if (degraded === this.#current) return;
    const before = this.#current;
    this.#current = degraded;
    for (const each of without(degraded, before)) this.#sink.came(each);
    for (const { code } of without(before, degraded)) {
      if (!degraded.some((each) => each.code === code)) this.#sink.went(code);
    }
  }
}

/** Each as a line of the log. */
export function loggedDegradations(log: Log): Degradations {
  return new Degradations({
    came: ({ code, message }) => log.warn(message, { code }),
    went: (code) => log.info('no longer degraded', { code }),
  });
}

function without(list: readonly Degradation[], others: readonly Degradation[]): readonly Degradation[] {
  return list.filter(
    ({ code, message }) => !others.some((each) => each.code === code && each.message === message),
  );
}
