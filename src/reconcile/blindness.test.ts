import { expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { Blindness, MOMENT_MS } from './blindness.ts';

function watched(): { blindness: Blindness; clock: ManualClock; said: boolean[] } {
  const clock = new ManualClock();
  const said: boolean[] = [];
  const blindness = new Blindness({ clock, changed: (blind) => said.push(blind) });
  return { blindness, clock, said };
}

test('a watch that breaks and comes back within a moment changes nothing', async () => {
  const { blindness, clock, said } = watched();
  blindness.update(clock.now());
  await clock.advance(MOMENT_MS - 1);
  blindness.update(null);
  await clock.advance(MOMENT_MS * 10);
  expect(said).toEqual([]);
});

test('is blind a moment after the first failure, however many follow, and sees with the last that ends', async () => {
  const { blindness, clock, said } = watched();
  const since = clock.now();
  blindness.update(since);
  await clock.advance(MOMENT_MS / 2);
  blindness.update(since);
  await clock.advance(MOMENT_MS / 2);
  expect(said).toEqual([true]);
  expect(blindness.blind).toBe(true);
  blindness.update(since);
  blindness.update(clock.now());
  await clock.advance(MOMENT_MS * 10);
  expect(said).toEqual([true]);
  blindness.update(null);
  expect(said).toEqual([true, false]);
});
