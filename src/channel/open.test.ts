import { expect, test } from 'vitest';
import type { Channel } from './channel.ts';
import { type Adapter, openChannel, requireChannel } from './open.ts';

function channel(name: string): Channel {
  const nothing = async (): Promise<never> => {
    throw new Error(name);
  };
  const calls = { status: nothing, listing: nothing, probe: nothing, probes: nothing };
  return { probesAtOnce: 1, ...calls, sync: nothing, internet: nothing };
}

test('the first adapter that reaches anything has it, and none after it is asked', async () => {
  const asked: string[] = [];
  const [a, b] = [channel('a'), channel('b')];
  const adapter =
    (variable: string, opened: Channel): Adapter =>
    async (env) => {
      asked.push(variable);
      return env[variable] === undefined ? null : opened;
    };
  const adapters = [adapter('A', a), adapter('B', b)];
  expect(await openChannel(adapters, { B: 'x' })).toBe(b);
  expect(await openChannel(adapters, { A: 'x', B: 'x' })).toBe(a);
  expect(asked).toEqual(['A', 'B', 'A']);
  expect(await openChannel(adapters, {})).toBeNull();
});

test('a command that cannot do without says what to do', () => {
  const there = channel('there');
  expect(requireChannel(there)).toBe(there);
  expect(() => requireChannel(null)).toThrow('not inside a lab: POLICYD_LAB is not set');
});
