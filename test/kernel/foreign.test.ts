/** What others do to our tables is heard of, put right at once, told with the program that did it, and counted. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox, rulesetOf, type Sandbox } from '../kit/sandbox.ts';
import { eventually } from '../kit/waiting.ts';
import { namespace, node, pod, policy, TestCluster } from './agent-cluster.ts';
import { AgentProcess, type LogLine } from './agent-process.ts';
import { NftShim } from './nft-shim.ts';

let sandbox: Sandbox;
let cluster: TestCluster;
let agent: AgentProcess;

beforeEach(async () => {
  sandbox = await createSandbox();
  cluster = new TestCluster();
  await cluster.open(sandbox);
  cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
  cluster.put('namespaces', namespace('shop'));
  cluster.put('pods', pod('web', '10.244.1.10'));
  cluster.put('pods', pod('api', '10.244.1.11'));
  cluster.put('networkpolicies', policy('allow', 'api', 'web'));
});

afterEach(async () => {
  await agent.end('SIGKILL');
  await cluster.close();
  await sandbox.close();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  agent = await AgentProcess.start(sandbox, { env });
  await agent.inSync(cluster.version);
}

async function nft(...commands: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await sandbox.run('nft', [commands.join('; ')]);
  if (exitCode !== 0) throw new Error(stderr);
}

/** The kernel's words for one of our chains, with handles. */
async function chain(name: string): Promise<string> {
  return (await sandbox.run('nft', ['-a', 'list', 'chain', 'inet', 'policyd', name])).stdout;
}

/** Of the table of policies; a flush is one of each table. */
function repairs(): readonly LogLine[] {
  return agent.log().filter(({ msg }) => msg === 'somebody else had changed table inet policyd; repaired');
}

/** The one chain of rules that the policy has. */
async function rulesChain(): Promise<string> {
  const { stdout } = await sandbox.run('nft', ['list', 'chains', 'inet']);
  return /chain (rin_\w+)/.exec(stdout)?.[1] ?? 'none';
}

const HOOK = 'inet policyd forward_hook';

const CHANGES: readonly [string, () => Promise<readonly string[]>][] = [
  ['the whole ruleset flushed', async () => ['flush ruleset']],
  ['our table deleted', async () => ['delete table inet policyd']],
  ['a base chain flushed', async () => [`flush chain ${HOOK}`]],
  ['a chain of rules flushed', async () => [`flush chain inet policyd ${await rulesChain()}`]],
  ['an element deleted', async () => ['delete element inet policyd in_4 { 10.244.1.11 }']],
  ['an element added', async () => ['add element inet policyd in_4 { 10.9.9.9 : accept }']],
  ['an address added to a set', async () => ['add element inet policyd local_4 { 10.9.9.9 }']],
  ['a rule inserted', async () => [`insert rule ${HOOK} accept`]],
  [
    'a rule inserted with a copy of a comment of ours',
    async () => {
      const comment = /comment "([^"]+)"/.exec(await chain('forward_hook'))?.[1];
      return [`insert rule ${HOOK} accept comment "${comment}"`];
    },
  ],
  [
    'a rule replaced by another with its comment',
    async () => {
      const name = await rulesChain();
      const [, comment, handle] = /comment "([^"]+)" # handle (\d+)/.exec(await chain(name)) ?? [];
      return [`replace rule inet policyd ${name} handle ${handle} accept comment "${comment}"`];
    },
  ],
  ["a base chain's policy changed", async () => [`chain ${HOOK} { policy drop; }`]],
  ['the table put to sleep', async () => ['add table inet policyd { flags dormant; }']],
  [
    'a base chain of another hooked in',
    async () => ['add chain inet policyd other { type filter hook forward priority -7; policy accept; }'],
  ],
  ['a counter added', async () => ['add counter inet policyd counted']],
];

test.each(CHANGES)('%s: put right at once, told with the program, and counted', async (_, commands) => {
  await start();
  const before = await rulesetOf(sandbox);
  await nft(...(await commands()));
  await agent.until(({ repairs: count }) => count > 0);
  const { ready, inSync, verified } = await agent.until(({ inSync }) => inSync);
  expect({ ready, inSync, verified }).toEqual({ ready: true, inSync: true, verified: true });
  expect(await rulesetOf(sandbox)).toBe(before);
  expect(repairs()).toEqual([
    expect.objectContaining({ by: expect.stringMatching(/^nft \(process \d+\)$/) }),
  ]);
});

test('in a user namespace it is heard of all the same', async () => {
  const inner = await createSandbox({ userNamespace: true });
  const far = new TestCluster();
  await far.open(inner);
  far.put('nodes', node('node-a', ['10.244.1.0/24']));
  far.put('namespaces', namespace('shop'));
  for (let index = 1; index < 200; index += 1) far.put('pods', pod(`p${index}`, `10.244.1.${index}`));
  agent = await AgentProcess.start(inner);
  try {
    await agent.inSync(far.version);
    const before = await rulesetOf(inner);
    await inner.run('nft', ['flush ruleset']);
    await agent.until(({ repairs: count, inSync }) => count > 0 && inSync);
    expect(await rulesetOf(inner)).toBe(before);
    expect(repairs()).toHaveLength(1);
  } finally {
    await agent.end('SIGKILL');
    await far.close();
    await inner.close();
  }
});

test('what others do elsewhere, and what we do ourselves, is nothing to put right', async () => {
  await start();
  await nft('add table inet other', 'add chain inet other c { type filter hook forward priority 9; }');
  cluster.put('networkpolicies', policy('second', 'web', 'api'));
  await agent.inSync(cluster.version);
  cluster.remove('networkpolicies', 'shop', 'second');
  await agent.inSync(cluster.version);
  // The control: had it been taken for somebody else's, this one would not be the first.
  await nft(`flush chain ${HOOK}`);
  await agent.until(({ repairs: count }) => count > 0);
  expect(repairs()).toHaveLength(1);
});

test('a program of the same name that writes while we do is told from us', async () => {
  await start();
  const before = await rulesetOf(sandbox);
  for (let round = 1; round <= 10; round += 1) {
    cluster.put('networkpolicies', policy('second', 'web', 'api'));
    await nft(`flush chain ${HOOK}`);
    cluster.remove('networkpolicies', 'shop', 'second');
    await agent.inSync(cluster.version);
    await agent.until(({ inSync }) => inSync);
  }
  await agent.until(({ inSync, verified }) => inSync && verified);
  expect(await rulesetOf(sandbox)).toBe(before);
});

describe('the monitor', () => {
  /** Processes that listen in the sandbox. */
  function monitors(): readonly number[] {
    const own = linkOf(`/proc/${agent.pid}/ns/net`);
    return readdirSync('/proc').flatMap((entry) => {
      const [program, word] = textOf(`/proc/${entry}/cmdline`).split('\0');
      const listens =
        program?.endsWith('nft') && word === 'monitor' && linkOf(`/proc/${entry}/ns/net`) === own;
      return listens ? [Number(entry)] : [];
    });
  }

  test('that is killed is started again, and what happened meanwhile is found', async () => {
    await start();
    const before = await rulesetOf(sandbox);
    const [first] = monitors();
    if (first === undefined) throw new Error('nobody listens');
    process.kill(first, 'SIGSTOP');
    await nft('flush ruleset');
    // The control: nobody hears of it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await agent.status()).repairs).toBe(0);
    process.kill(first, 'SIGKILL');
    await agent.until(({ repairs: count, inSync }) => count > 0 && inSync);
    expect(await rulesetOf(sandbox)).toBe(before);
    expect(monitors()).toHaveLength(1);
    expect(monitors()).not.toContain(first);
  });

  test('ends with policyd, however that ends', async () => {
    await start();
    const [listening] = monitors();
    expect(listening).toBeGreaterThan(0);
    await agent.end('SIGKILL');
    await eventually('nobody listens', () => textOf(`/proc/${listening}/cmdline`) === '');
  });

  test('that cannot work: tables are read every few seconds, policyd is ready, and that is said', async () => {
    const shim = await NftShim.create(sandbox);
    await shim.all('real "$@"', 'echo "nft: out of luck"; exit 3');
    await start(shim.env);
    const { degraded, ready } = await agent.until((status) => status.ready);
    expect(ready).toBe(true);
    expect(degraded).toEqual([
      { code: 'CHANGES_UNHEARD', message: expect.stringContaining('status 3: nft: out of luck') },
    ]);
    const before = await rulesetOf(sandbox);
    await nft('flush ruleset');
    await agent.until(({ repairs: count, inSync }) => count > 0 && inSync);
    expect(await rulesetOf(sandbox)).toBe(before);
    expect(repairs()).toEqual([expect.not.objectContaining({ by: expect.anything() })]);
  });
});

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}
