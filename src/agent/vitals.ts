/** What else can go wrong on a node, looked at every few seconds: reported, since policyd cannot mend it. */
import type { ConntrackUse } from '../host/conntrack.ts';
import { type Degradations, loggedDegradations } from '../status/degradations.ts';
import type { Log } from '../status/log.ts';
import type { Degradation } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';

export interface VitalsOptions {
  readonly clock: Clock;
  readonly log: Log;
  conntrack(): ConntrackUse | null;
  /** Milliseconds since the last call. */
  longestDelay(): number;
}

const EVERY_MS = 10_000;
/** The kernel drops new connections when the table is full; it lets some entries go a little before that. */
const NEARLY_FULL = 0.95;
const HELD_UP_MS = 1_000;

export class Vitals {
  readonly #options: VitalsOptions;
  readonly #troubles: Degradations;
  #conntrack: ConntrackUse | null = null;
  #delay = 0;
  #cancel: () => void = () => {};

  constructor(options: VitalsOptions) {
    this.#options = options;
    this.#troubles = loggedDegradations(options.log);
  }

  get conntrack(): ConntrackUse | null {
    return this.#conntrack;
  }

  /** The longest of the last few seconds. */
  get eventLoopDelayMs(): number {
    return this.#delay;
  }

  get degraded(): readonly Degradation[] {
    if (this.#conntrack === null) return [];
    const { entries, max } = this.#conntrack;
    if (entries < max * NEARLY_FULL) return [];
    return [
      {
        code: 'CONNTRACK_FULL',
        message: `the connection tracking table is full or nearly so (nf_conntrack_max is ${max}): the kernel drops new connections, allowed or not; raise net.netfilter.nf_conntrack_max`,
      },
    ];
  }

  look(): void {
    const { clock, log, conntrack, longestDelay } = this.#options;
    this.#conntrack = conntrack();
    this.#delay = longestDelay();
    this.#troubles.update(this.degraded);
    if (this.#delay > HELD_UP_MS) {
      log.warn(`policyd was held up for ${this.#delay} ms: is the node short of CPU or memory?`, {
        milliseconds: this.#delay,
      });
    }
    this.#cancel = clock.after(EVERY_MS, () => this.look());
  }

  end(): void {
    this.#cancel();
  }
}
