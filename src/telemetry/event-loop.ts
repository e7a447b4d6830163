/** The longest time the event loop was held up lately: while it is, nothing is read, committed or answered. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Coarse on purpose: each sample wakes the process. */
const RESOLUTION_MS = 100;

export class EventLoop {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Milliseconds since the last call, beyond the time between two samples. */
  takeLongest(): number {
    const { max } = this.#histogram;
    this.#histogram.reset();
    return Math.max(0, Math.round(max / 1e6 - RESOLUTION_MS));
  }

  close(): void {
    this.#histogram.disable();
  }
}
