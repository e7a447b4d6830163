import { expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { type RecordedLine, recordedLog } from '../../test/kit/recorded-log.ts';
import { Vitals } from './vitals.ts';

test('a full connection tracking table and a held-up process are reported while they last', async () => {
  const clock = new ManualClock();
  const told: RecordedLine[] = [];
  const lines = (): readonly string[] => told.map(({ message }) => message);
  let entries = 10;
  let delay = 3;
  const vitals = new Vitals({
    clock,
    log: recordedLog(told),
    conntrack: () => ({ entries, max: 1000 }),
    longestDelay: () => delay,
  });
  vitals.look();
  expect(vitals.degraded).toEqual([]);
  expect(lines()).toEqual([]);
  [entries, delay] = [990, 4_000];
  await clock.advance(10_000);
  expect(vitals).toMatchObject({ conntrack: { entries: 990, max: 1000 }, eventLoopDelayMs: 4_000 });
  expect(vitals.degraded).toEqual([
    { code: 'CONNTRACK_FULL', message: expect.stringContaining('nf_conntrack_max is 1000') },
  ]);
  expect(lines()).toEqual([vitals.degraded[0]?.message, expect.stringContaining('held up for 4000 ms')]);
  [entries, delay] = [10, 3];
  await clock.advance(10_000);
  expect(vitals.degraded).toEqual([]);
  expect(lines().at(-1)).toBe('no longer degraded');
  vitals.end();
});
