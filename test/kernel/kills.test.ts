/**
 * policyd is killed at random, half of the times in the middle of a commit, while policies come and go and two pods
 * send: nothing that is denied arrives, nothing that is allowed is lost, and in the end the tables are those of a
 * policyd that was never killed.
 */
import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OUR_TABLES } from '../../src/compile/names.ts';
import { parseListing } from '../../src/nft/listing.ts';
import { type ObservedTable, observe } from '../../src/nft/observe.ts';
import { eventually } from '../kit/waiting.ts';
import { policy } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { FloodNet, wait } from './flood-net.ts';
import { NftShim } from './nft-shim.ts';

const KILLS = Number(process.env.KILLS ?? 16);

let net: FloodNet;
let shim: NftShim;
let agents: AgentProcess[];

beforeAll(async () => {
  agents = [];
  net = await FloodNet.create();
  shim = await NftShim.create(net.sandbox);
  net.cluster.put('networkpolicies', policy('base', 'api', 'friend'));
});

afterAll(async () => {
  for (const agent of agents) await agent.end('SIGKILL');
  await net.close();
});

async function start(): Promise<AgentProcess> {
  const agent = await AgentProcess.start(net.sandbox, { env: shim.env });
  agents.push(agent);
  return agent;
}

/** What is in ours; the order in which the kernel lists it tells only when it came. */
async function tables(): Promise<readonly (ObservedTable | null)[]> {
  return await Promise.all(
    OUR_TABLES.map(async (table) => {
      const { stdout } = await net.sandbox.run('nft', ['-j', 'list', 'table', table.family, table.name]);
      return stdout === '' ? null : observe(parseListing(JSON.parse(stdout)), table);
    }),
  );
}

/** Something of each kind that a transaction can be: a set grows, a chain is rewritten, both go away again. */
function churn(turn: number): void {
  const name = `more-${turn % 3}`;
  if (turn % 6 < 3)
    net.cluster.put('networkpolicies', policy(name, turn % 2 === 0 ? 'api' : 'web', 'friend'));
  else net.cluster.remove('networkpolicies', 'shop', name);
}

/** Before, in and after the transaction: nft waits, does its work, and waits again. */
async function slowCommits(): Promise<string> {
  const begun = shim.file('begun');
  await shim.commits(`touch ${begun}; sleep 0.0$(( $$ % 10 )); real "$@"; sleep 0.0$(( $$ % 7 ))`);
  return begun;
}

test('killed at random: nothing denied arrives, nothing allowed is lost, and the tables are right in the end', async () => {
  const first = await start();
  await first.inSync(net.cluster.version);
  const begun = await slowCommits();
  await net.flood('web', 1);
  await net.flood('friend', -4);
  await wait(300);
  let amid = 0;
  let agent = first;
  for (let turn = 0; turn < KILLS; turn += 1) {
    if (turn % 2 === 0) {
      // Somewhere in the start, while it lists, reads, or has nothing to do.
      churn(turn);
      await wait(Math.random() * 600);
    } else {
      await agent.until(({ inSync }) => inSync);
      rmSync(begun, { force: true });
      churn(turn);
      await eventually('a commit begins', () => existsSync(begun));
      amid += 1;
      await wait(Math.random() * 60);
    }
    await agent.end('SIGKILL');
    agent = await start();
  }
  await shim.remove();
  await agent.inSync(net.cluster.version);
  await agent.until(({ verified, inSync, ready }) => verified && inSync && ready);
  await wait(300);
  process.stdout.write(
    `${KILLS} kills, ${amid} of them amid a commit: ${net.arrived('web')} denied datagrams arrived, ${net.lost('friend')} of ${net.arrived('friend')} allowed lost\n`,
  );
  expect(amid).toBe(Math.floor(KILLS / 2));
  expect([net.arrived('web'), net.lost('friend')]).toEqual([0, 0]);
  expect(net.arrived('friend')).toBeGreaterThan(100);
  const left = await tables();
  await agent.end('SIGTERM');
  await net.sandbox.run('nft', ['flush', 'ruleset']);
  const fresh = await start();
  await fresh.inSync(net.cluster.version);
  expect(left[0]?.chains.size).toBeGreaterThan(0);
  expect(left).toEqual(await tables());
});

test('the control: what both senders do is seen, once the tables are gone, and once nobody is admitted', async () => {
  const [agent] = agents.slice(-1);
  await agent?.end('SIGKILL');
  const denied = net.arrived('web');
  await net.sandbox.run('nft', ['flush', 'ruleset']);
  await eventually('what is denied arrives', () => net.arrived('web') > denied);
  await net.sandbox.run('nft', [
    'add table inet shut; add chain inet shut c { type filter hook forward priority 0; policy drop; }',
  ]);
  await wait(200);
  await net.sandbox.run('nft', ['delete table inet shut']);
  await eventually('what is allowed is lost', () => net.lost('friend') > 0);
});
