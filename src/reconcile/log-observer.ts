/** What the loop tells, as lines of the log. */
import type { Log } from '../status/log.ts';
import type { LoopEvent, LoopObserver } from './events.ts';

/** Good news and commits are info; what repairs itself is a warning; what is degraded, an error. */
export function logObserver(log: Log): LoopObserver {
  return (event) => tell(log, event);
}

function tell(log: Log, event: LoopEvent): void {
  switch (event.kind) {
    case 'committed': {
      const { revision, cause, operations, batches, steps, milliseconds, table } = event;
      log.info('committed', {
        revision,
        cause,
        operations,
        batches,
        ...(steps > 1 ? { steps } : {}),
        milliseconds,
        table,
      });
      return;
    }
    case 'adopted': {
      const { revision, cause, milliseconds, table } = event;
      const nothing = { operations: 0, batches: 0 };
      const facts = { revision, cause, ...nothing, milliseconds, table };
      log.info('adopted the table as it is, nothing to write', facts);
      return;
    }
    case 'drift': {
      const { table, operations, by, milliseconds, repairs } = event;
      const heard = by === null ? {} : { by, milliseconds };
      log.warn(`somebody else had changed table ${table}; repaired`, { operations, ...heard, repairs });
      return;
    }
    case 'hearing':
      log.debug('changes that others make to the tables are heard of from now on');
      return;
    case 'deaf':
      log.warn(`changes of others may be missed until the tables are read again: ${event.reason}`);
      return;
    case 'refused':
      log.warn(event.message, { object: event.object });
      return;
    case 'failed': {
      const { trouble, failures, cause, degraded } = event;
      log[degraded ? 'error' : 'warn'](trouble.message, { code: trouble.code, failures, cause });
      return;
    }
    case 'recovered':
      log.info('the kernel is in order again', { after: event.after });
      return;
    case 'slow':
      log.warn('nft does not end; the last ruleset stays in force', { code: 'NFT_SLOW' });
      return;
    case 'switched-on': {
      const { bridge, family, place, repaired, repairs } = event;
      const what = `IPv${family} frames of bridge ${bridge}`;
      log[repaired ? 'warn' : 'info'](
        repaired
          ? `${what} had been taken away from the rules; repaired`
          : `${what} pass the rules from now on`,
        { code: 'BRIDGE_UNFILTERED', bridge, set: place.kind, repairs },
      );
      return;
    }
    case 'degraded':
      log.warn(event.trouble.message, { code: event.trouble.code });
      return;
    case 'restored':
      log.info('no longer degraded', { code: event.code });
      return;
    case 'compiler-broken':
      log.error(`the compiler is built anew: ${event.message}`, {
        code: 'COMPILE_FAILED',
        rebuilds: event.rebuilds,
      });
      return;
    default:
      event satisfies never;
  }
}
