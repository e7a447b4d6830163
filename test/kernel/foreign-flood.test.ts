/**
 * Somebody flushes the ruleset again and again while a pod that is denied floods another: how long the table is
 * gone, and how many datagrams pass meanwhile, is printed (docs/performance.md); that it ends is asserted.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policy } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { FloodNet, wait } from './flood-net.ts';

const ROUNDS = Number(process.env.FLUSHES ?? 20);
const EVERY_MS = 200;

let net: FloodNet;
let agent: AgentProcess;

beforeAll(async () => {
  net = await FloodNet.create();
  net.cluster.put('networkpolicies', policy('deny', 'api'));
  agent = await AgentProcess.start(net.sandbox);
  await agent.inSync(net.cluster.version);
  await net.flood('web', 4);
});

afterAll(async () => {
  await agent.end('SIGKILL');
  await net.close();
});

/** Of the table of policies. */
function repairs(): number {
  return agent.log().filter(({ msg }) => msg === 'somebody else had changed table inet policyd; repaired')
    .length;
}

/** Milliseconds between the line that takes our table away and the one that brings its hook. */
async function gaps(): Promise<readonly number[]> {
  const list: number[] = [];
  let gone: number | null = null;
  const lines = await net.inside('nft', 'monitor');
  lines.on('line', (line) => {
    if (line === 'delete table inet policyd') gone ??= performance.now();
    if (gone === null || !line.startsWith('add chain inet policyd forward_hook ')) return;
    list.push(performance.now() - gone);
    gone = null;
  });
  return list;
}

test('flushed again and again under a flood: put back each time, and nothing passes afterwards', async () => {
  const list = await gaps();
  await wait(500);
  expect(net.arrived('web')).toBe(0);
  for (let round = 1; round <= ROUNDS; round += 1) {
    await net.sandbox.run('nft', ['flush', 'ruleset']);
    await agent.until(({ inSync }) => inSync && repairs() === round);
    await wait(EVERY_MS);
  }
  const leaked = net.arrived('web');
  const sorted = list.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN).toFixed(1);
  process.stdout.write(
    `${ROUNDS} flushes: gone for ${at(0.5)} ms (median), ${at(0.99)} ms (99th), ${at(1)} ms (longest); ${leaked} datagrams passed\n`,
  );
  expect(list).toHaveLength(ROUNDS);
  await wait(500);
  expect(net.arrived('web')).toBe(leaked);
  expect(await agent.status()).toMatchObject({ ready: true, inSync: true, verified: true });
});

test('the control: without policyd the flood passes for as long as one watches', async () => {
  const { pid } = agent;
  process.kill(pid, 'SIGSTOP');
  await net.sandbox.run('nft', ['flush', 'ruleset']);
  await wait(200);
  const early = net.arrived('web');
  await wait(500);
  expect(net.arrived('web')).toBeGreaterThan(early);
  const before = repairs();
  process.kill(pid, 'SIGCONT');
  await agent.until(({ inSync, verified }) => inSync && verified && repairs() > before);
  const late = net.arrived('web');
  await wait(300);
  expect(net.arrived('web')).toBe(late);
});
