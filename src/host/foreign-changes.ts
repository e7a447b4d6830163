/**
 * What others write into our tables, heard on `nft monitor`. Guarantees: a transaction without a revision of ours is
 * somebody else's, whatever its program is called; one of ours that is not heard of is not believed; when the monitor
 * ends it is started again, and that is said.
 */
import type { Table } from '../nft/commands.ts';
import { type Heard, MonitorReader } from '../nft/monitor.ts';
import type { ForeignChanges, ForeignSink, Hearing } from '../nft/port.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import { runMonitor } from './monitor-process.ts';
import type { Revisions } from './revisions.ts';

export interface ForeignChangesOptions {
  /** A path or a name on PATH; `nft` unless given. */
  readonly binary?: string;
  readonly tables: readonly Table[];
  readonly revisions: Revisions;
  readonly clock: Clock;
  readonly random: () => number;
}

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 30_000;
/** Ends in a row after which others' changes are not to be heard here. */
const HOPELESS = 5;
/** By then a transaction of ours has been heard of, or has not done what nft says. */
const HEARD_AFTER_MS = 5_000;
/** A monitor that has listened for so long has worked. */
const STEADY_MS = 10_000;

export function createForeignChanges(options: ForeignChangesOptions): ForeignChanges {
  const { binary = 'nft', tables, revisions, clock, random } = options;
  const tell = (heard: Heard, sink: ForeignSink): void => {
    if (heard.kind === 'lost') {
      sink.lost(heard.reason);
      return;
    }
    if (heard.elsewhere) sink.elsewhere();
    if (heard.revision === null || !revisions.take(heard.revision)) {
      for (const touched of heard.touched) sink.foreign({ ...touched, by: heard.by });
    }
  };
  return {
    async run(sink, signal) {
      const backoff = new Backoff({ firstMs: FIRST_DELAY_MS, maxMs: LONGEST_DELAY_MS, random });
      let since: number | null = null;
      revisions.onCommitted = (revision) => {
        const listening = since;
        if (listening === null || !revisions.isWaiting(revision)) return;
        clock.after(HEARD_AFTER_MS, () => {
          if (since === listening && revisions.take(revision)) sink.lost(UNHEARD);
        });
      };
      while (!signal.aborted) {
        const reader = new MonitorReader(tables);
        since = null;
        const reason = await runMonitor(
          {
            binary,
            clock,
            line: (text) => {
              for (const heard of reader.read(text)) tell(heard, sink);
            },
            listening: () => {
              since = clock.now();
              sink.hearing({ kind: 'listening' });
            },
          },
          signal,
        );
        if (signal.aborted) return;
        if (since !== null && clock.now() - since > STEADY_MS) backoff.reset();
        const delay = backoff.next();
        sink.hearing(after(reason, backoff.failures));
        await sleep(clock, delay, signal);
      }
    },
  };
}

const UNHEARD = 'a transaction that nft says is committed was not heard of';

function after(reason: string, failures: number): Hearing {
  return { kind: failures < HOPELESS ? 'starting' : 'failing', reason };
}
