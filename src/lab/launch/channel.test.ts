import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { listenToSupervisor } from './channel.ts';
import { commandEnvironment } from './environment.ts';

async function listen(lines: readonly string[]) {
  const steps: string[] = [];
  const warnings: string[] = [];
  const channel = new PassThrough();
  const progress = { step: (m: string) => void steps.push(m), warn: (m: string) => void warnings.push(m) };
  const talk = listenToSupervisor(channel, progress);
  channel.end(lines.map((line) => `${line}\n`).join(''));
  await talk.over;
  return { talk, steps, warnings };
}

const first = '{"event":"progress","message":"namespaces made"}';

test('silence means that the namespaces were never made', async () => {
  expect((await listen([])).talk.spoke()).toBe(false);
  expect((await listen([first])).talk.spoke()).toBe(true);
});

test('progress is told without the line of PID 1, warnings always', async () => {
  const heard = await listen([
    first,
    '{"event":"progress","message":"a"}',
    '{"event":"warning","message":"b"}',
  ]);
  expect([heard.steps, heard.warnings]).toEqual([['a'], ['b']]);
});

test('what is no event is told and ends nothing', async () => {
  const heard = await listen([first, 'Killed', '{"event":"ready","env":{"KUBECONFIG":"/k"}}']);
  expect(heard.warnings).toEqual(['the lab said: Killed']);
  expect(await heard.talk.ready).toEqual({ KUBECONFIG: '/k' });
});

test('a failure keeps its hint', async () => {
  const { talk } = await listen(['{"event":"failed","message":"no","hint":"do this"}']);
  expect(talk.failure()).toMatchObject({ code: 'LAB_FAILED', message: 'no', hint: 'do this' });
});

test("a command sees the caller's environment, the lab's variables and the lab's programs first", () => {
  const caller = { HOME: '/h', KUBECONFIG: '/theirs', PATH: '/usr/bin:/lab/bin' };
  expect(commandEnvironment(caller, { env: { KUBECONFIG: '/lab/k' }, path: ['/lab/bin'] })).toEqual({
    HOME: '/h',
    KUBECONFIG: '/lab/k',
    PATH: '/lab/bin:/usr/bin',
  });
});
