/**
 * Keeps the table of family `bridge`: there while a pod on a bridge is isolated, gone otherwise. One small
 * chain, so one loop of its own: read the table, write the difference, try again when that fails.
 */
import { FRAME_TABLE, frameRules } from '../compile/bridge-frames.ts';
import { UNLIMITED } from '../nft/batch.ts';
import { deleteTable, type NftCommand } from '../nft/commands.ts';
import { parseListing } from '../nft/listing.ts';
import { observe } from '../nft/observe.ts';
import { plan } from '../nft/plan.ts';
import type { Nft } from '../nft/port.ts';
import type { Log } from '../status/log.ts';
import type { Degradation } from '../status/status.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';

export interface FrameGuardOptions {
  readonly nft: Pick<Nft, 'listTable' | 'commit'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

export class FrameGuard {
  readonly #options: FrameGuardOptions;
  readonly #backoff: Backoff;
  /** null: nobody has said yet, and what a predecessor left stays. */
  #wanted: readonly string[] | null = null;
  /** null: the kernel has to be read first. */
  #applied: readonly string[] | null = null;
  #degraded: readonly Degradation[] = [];
  #wake: () => void = () => undefined;

  constructor(options: FrameGuardOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: 500, maxMs: 30_000, random: options.random });
  }

  /** The ports to guard; none: no table. */
  want(ports: readonly string[]): void {
    this.#wanted = ports;
    if (!this.settled) this.#wake();
  }

  /** The kernel holds what is wanted. */
  get settled(): boolean {
    const [applied, wanted] = [this.#applied, this.#wanted];
    return applied !== null && wanted !== null && same(applied, wanted);
  }

  get degraded(): readonly Degradation[] {
    return this.#degraded;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const woken = new AbortController();
      const wake = (): void => woken.abort();
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      const wanted = this.settled ? null : this.#wanted;
      const failed = wanted === null ? null : await this.#bring(wanted);
      if (failed === null) {
        this.#backoff.reset();
        this.#degraded = [];
        if (wanted === null && !woken.signal.aborted) {
          await new Promise((resolve) => woken.signal.addEventListener('abort', resolve, { once: true }));
        }
      } else {
        this.#applied = null;
        const message = `frames in disguise are not stopped on bridges with pods: ${failed}`;
        this.#degraded = [{ code: 'BRIDGE_UNGUARDED', message }];
        log.debug(message, { failures: this.#backoff.failures + 1 });
        await sleep(clock, this.#backoff.next(), signal);
      }
      signal.removeEventListener('abort', wake);
    }
  }

  /** What went wrong; null: nothing. */
  async #bring(ports: readonly string[]): Promise<string | null> {
    try {
      for (const commands of await this.#difference(ports)) {
        const result = await this.#options.nft.commit(commands);
        if (result.kind !== 'committed') return result.message;
      }
    } catch (error) {
      // A kernel without such tables has none of ours to take away.
      if (ports.length > 0) return error instanceof Error ? error.message : String(error);
    }
    this.#applied = ports;
    return null;
  }

  async #difference(ports: readonly string[]): Promise<readonly (readonly NftCommand[])[]> {
    const listing = await this.#options.nft.listTable(FRAME_TABLE.family, FRAME_TABLE.name);
    const observed = listing === null ? null : observe(parseListing(listing), FRAME_TABLE);
    if (ports.length === 0) return observed === null ? [] : [[deleteTable(FRAME_TABLE)]];
    return plan(frameRules(ports), observed, UNLIMITED).batches.map(({ commands }) => commands);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
