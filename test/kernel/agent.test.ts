import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOMENT_MS } from '../../src/reconcile/blindness.ts';
import { POLICYD } from '../kit/built.ts';
import type { Sandbox } from '../kit/sandbox.ts';
import { type ClusterObject, node, pod, policy, type TestCluster } from './agent-cluster.ts';
import { AgentNode } from './agent-node.ts';
import { type AgentProcess, watchWrites } from './agent-process.ts';

let here: AgentNode;
let sandbox: Sandbox;
let cluster: TestCluster;

beforeEach(async () => {
  here = await AgentNode.open();
  ({ sandbox, cluster } = here);
  cluster.put('nodes', node('node-b', ['10.244.2.0/24']));
  cluster.put('pods', pod('far', '10.244.2.10', { node: 'node-b' }));
});
afterEach(() => here.close());

const start = (...args: readonly string[]): Promise<AgentProcess> => here.start({ args });
const inSync = (agent: AgentProcess): Promise<void> => here.inSync(agent);
const ruleset = (): Promise<string> => here.ruleset();

async function isClosed(): Promise<boolean> {
  const { stdout } = await sandbox.run('nft', ['list', 'set', 'inet', 'policyd', 'quarantine_4']);
  return stdout.includes('10.244.1.0/24');
}

/** The rules but for what is closed: that follows the clock while the cluster cannot be followed. */
function opened(rules: string): string {
  return rules.replace(/(set quarantine_[46] \{[^}]*?)\s+elements = \{[^}]*\}/g, '$1');
}

/** Bound to the node, nothing more. */
function waitingPod(name: string): ClusterObject {
  return { ...pod(name, ''), status: { phase: 'Pending' } };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

test('enforces: the table appears, follows policies and pods, and knows the pod range', async () => {
  const agent = await start();
  await inSync(agent);
  const open = await ruleset();
  expect(open).toContain('table inet policyd');
  expect(open).toContain('type filter hook forward priority');
  expect(open).toContain('10.244.1.0/24');
  expect(open).not.toContain('goto in_');

  cluster.put('networkpolicies', policy('deny', 'api'));
  await inSync(agent);
  expect(await ruleset()).toMatch(/10\.244\.1\.11 : goto in_/);

  cluster.put('networkpolicies', policy('deny', 'api', 'far'));
  await inSync(agent);
  expect(await ruleset()).toMatch(/set peer_[^}]*10\.244\.2\.10/);

  cluster.remove('pods', 'shop', 'far');
  await inSync(agent);
  expect(await ruleset()).not.toContain('10.244.2.10');

  cluster.remove('networkpolicies', 'shop', 'deny');
  await inSync(agent);
  expect(await ruleset()).toBe(open);
  const status = await agent.status();
  expect(status).toMatchObject({ node: 'node-a', ready: true, inSync: true, degraded: [], problems: [] });
  for (const { revision, cause, operations, milliseconds } of agent.commits()) {
    expect([revision, cause, operations, milliseconds].map((value) => typeof value)).toEqual([
      'number',
      'string',
      'number',
      'number',
    ]);
  }
  expect(agent.commits().map(({ cause }) => cause)).toEqual([
    'start',
    'policy shop/deny',
    'policy shop/deny',
    'pod shop/far gone',
    'policy shop/deny gone',
  ]);
});

test('a restart adopts the table without writing, also after a kill', async () => {
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  const first = await start();
  await inSync(first);
  const before = hash(await ruleset());
  expect(await first.end('SIGKILL')).toBeUndefined();
  expect(hash(await ruleset())).toBe(before);

  const written = await watchWrites(sandbox);
  const second = await start();
  await inSync(second);
  expect(second.commits()).toEqual([]);
  expect(second.log().map(({ msg }) => msg)).toContain('adopted the table as it is, nothing to write');
  expect(hash(await ruleset())).toBe(before);
  expect(await written()).toBe('');

  // The control: what changed in between is found and written.
  await second.end('SIGTERM');
  cluster.put('networkpolicies', policy('deny', 'api'));
  const third = await start();
  await inSync(third);
  expect(third.commits()).toHaveLength(1);
  expect(hash(await ruleset())).not.toBe(before);
  expect(await written()).toContain('policyd');
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends it with status 0 and leaves enforcement in place',
  async (signal) => {
    cluster.put('networkpolicies', policy('deny', 'api'));
    const agent = await start();
    await inSync(agent);
    const before = await ruleset();
    expect(await agent.end(signal)).toBe(0);
    expect(await ruleset()).toBe(before);
  },
);

test('cleanup removes our table and nothing else, and says so', async () => {
  const foreign = 'table inet other { chain c { counter } }; table ip policyd { }; table ip6 policyd_x { }';
  await sandbox.run('nft', [foreign]);
  const untouched = await ruleset();
  const agent = await start();
  await inSync(agent);
  await agent.end('SIGTERM');
  expect(await ruleset()).not.toBe(untouched);
  const run = async (): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> =>
    await sandbox.run(process.execPath, [POLICYD, 'cleanup']);
  const first = await run();
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toMatch(/^removed table inet policyd \(\d+ chains, \d+ rules, \d+ sets, \d+ maps\)/);
  expect(await ruleset()).toBe(untouched);
  const second = await run();
  expect(second).toMatchObject({ exitCode: 0, stdout: 'nothing to remove: there is no table inet policyd' });
});

test('what was changed by hand is repaired by the next start', async () => {
  cluster.put('networkpolicies', policy('deny', 'api'));
  const first = await start();
  await inSync(first);
  const before = await ruleset();
  await first.end('SIGTERM');
  await sandbox.run('nft', ['flush', 'chain', 'inet', 'policyd', 'stage_in']);
  const second = await start();
  await inSync(second);
  expect(await ruleset()).toBe(before);
});

test('nothing is written before every kind has been listed; the API server going away changes nothing', async () => {
  cluster.failure = 403;
  const agent = await start();
  const refused = await agent.until(({ degraded }) => degraded.some(({ code }) => code === 'API_FORBIDDEN'));
  expect(refused).toMatchObject({ ready: false, inSync: false, revision: 0 });
  expect(refused.degraded.map(({ code }) => code)).toContain('NOT_LISTED');
  expect((await agent.get('/readyz')).code).toBe(503);
  expect((await agent.get('/healthz')).code).toBe(200);
  expect(await ruleset()).toBe('');
  cluster.failure = null;
  await inSync(agent);
  expect((await agent.get('/readyz')).code).toBe(200);
  const before = await ruleset();
  expect(before).not.toBe('');

  cluster.failure = 401;
  cluster.breakConnections();
  await agent.until(({ degraded }) => degraded.some(({ code }) => code === 'API_UNAUTHORIZED'));
  expect(opened(await ruleset())).toBe(opened(before));
});

test('an invalid policy isolates its subject, is reported once, and does not stop the others', async () => {
  const bad = policy('bad', 'api', 'web');
  cluster.put('networkpolicies', {
    ...bad,
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ ipBlock: { cidr: 'nonsense' } }] }],
    },
  });
  cluster.put('networkpolicies', policy('good', 'web', 'api'));
  const agent = await start();
  await inSync(agent);
  const rules = await ruleset();
  expect(rules).toMatch(/10\.244\.1\.10 : goto in_/);
  expect(rules).toMatch(/10\.244\.1\.11 : goto in_/);
  const { problems, ready } = await agent.status();
  expect(ready).toBe(true);
  expect(problems).toEqual([
    {
      object: 'NetworkPolicy shop/bad',
      message: expect.stringContaining('spec.ingress[0].from[0].ipBlock.cidr'),
    },
  ]);
  expect(agent.log().filter(({ object }) => object === 'NetworkPolicy shop/bad')).toHaveLength(1);
  cluster.remove('networkpolicies', 'shop', 'bad');
  await inSync(agent);
  expect((await agent.status()).problems).toEqual([]);
});

test('the pod range follows the node object; without one it says so and goes on', async () => {
  cluster.put('nodes', node('node-a', []));
  const agent = await start();
  await inSync(agent);
  expect((await agent.status()).degraded).toEqual([expect.objectContaining({ code: 'NO_POD_RANGE' })]);
  expect(await ruleset()).not.toContain('10.244.1.0/24');
  cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
  await inSync(agent);
  expect((await agent.status()).degraded).toEqual([]);
  expect(await ruleset()).toContain('10.244.1.0/24');
  cluster.put('pods', pod('stranger', '10.244.1.99', { node: 'node-b' }));
  await inSync(agent);
  expect((await agent.status()).degraded).toEqual([expect.objectContaining({ code: 'POD_RANGE_UNUSABLE' })]);
  expect(await ruleset()).not.toContain('10.244.1.0/24');
});

test('the pod range is closed while an isolated pod waits there for its address', async () => {
  cluster.put('networkpolicies', policy('deny', 'late'));
  const agent = await start();
  await inSync(agent);
  expect(await isClosed()).toBe(false);
  cluster.put('pods', waitingPod('unaffected'));
  await inSync(agent);
  expect(await isClosed()).toBe(false);
  cluster.put('pods', waitingPod('late'));
  await inSync(agent);
  expect(await isClosed()).toBe(true);
  // What is already there when a policy comes is closed by the same transaction.
  cluster.remove('networkpolicies', 'shop', 'deny');
  await inSync(agent);
  expect(await isClosed()).toBe(false);
  cluster.put('networkpolicies', policy('deny', 'unaffected', 'web'));
  await inSync(agent);
  expect(agent.commits().at(-1)).toMatchObject({ batches: 1 });
  expect(await isClosed()).toBe(true);
  cluster.put('pods', pod('unaffected', '10.244.1.12'));
  await inSync(agent);
  expect(await isClosed()).toBe(false);
});

test('the pod range is closed while the cluster cannot be followed; a short interruption writes nothing', async () => {
  const agent = await start();
  await inSync(agent);
  const answers = (): number =>
    agent.log().filter(({ msg }) => msg === 'the API server answers again').length;
  let short = false;
  for (let turn = 1; turn <= 20 && !short; turn += 1) {
    const written = await watchWrites(sandbox);
    const began = performance.now();
    cluster.breakConnections();
    await expect.poll(answers).toBe(4 * turn);
    // On a machine so busy that it was long, the range was rightly closed meanwhile.
    short = performance.now() - began < MOMENT_MS;
    if (short) expect(await written()).toBe('');
    await expect.poll(isClosed).toBe(false);
  }
  expect(short).toBe(true);
  cluster.failure = 503;
  cluster.breakConnections();
  await expect.poll(isClosed).toBe(true);
  // The kernel knows before the log.
  await expect.poll(() => agent.commits().at(-1)?.cause).toBe('the cluster cannot be followed');
  cluster.failure = null;
  await expect.poll(isClosed).toBe(false);
});

test('speaks to people in readable lines, without colour where that is not a terminal', async () => {
  const agent = await start('--log-format', 'pretty');
  await inSync(agent);
  expect(agent.stderr).toMatch(/^\[\d\d:\d\d:\d\d\.\d+\] INFO: committed \{"revision":1,"cause":"start",/m);
  expect(agent.stderr).not.toContain('\u001b');
});

test('--pod-cidr gives the range when the node has none', async () => {
  cluster.put('nodes', node('node-a', []));
  const agent = await start('--pod-cidr', '10.244.1.0/24');
  await inSync(agent);
  expect((await agent.status()).degraded).toEqual([]);
  expect(await ruleset()).toContain('10.244.1.0/24');
});

test('without nft, without permission or without a kubeconfig it says what is wrong and what to do', async () => {
  const run = async (env: readonly string[], args: readonly string[], prefix: readonly string[] = []) =>
    await sandbox.run('env', [...env, ...prefix, process.execPath, POLICYD, ...args]);
  const noConfig = await run(['-u', 'KUBECONFIG', 'HOME=/nonexistent'], ['--node', 'n']);
  expect(noConfig).toMatchObject({ exitCode: 2 });
  expect(noConfig.stderr).toContain('no kubeconfig found');
  const unreadable = await run([], ['--node', 'n', '--kubeconfig', '/nonexistent/config']);
  expect(unreadable).toMatchObject({ exitCode: 2 });
  expect(unreadable.stderr).toContain('cannot read the kubeconfig /nonexistent/config');
  const kubeconfig = `${sandbox.directory}/kubeconfig`;
  await sandbox.run('sh', ['-c', `printf '%s' "$1" > "$2"`, 'sh', MINIMAL_KUBECONFIG, kubeconfig]);
  const noNft = await run(['PATH=/nonexistent'], ['--node', 'n', '--kubeconfig', kubeconfig]);
  expect(noNft).toMatchObject({ exitCode: 2 });
  expect(noNft.stderr).toMatch(/^policyd: .*nft/m);
  const unprivileged = ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin'];
  const noPermission = await run([], ['--node', 'n', '--kubeconfig', kubeconfig], unprivileged);
  expect(noPermission).toMatchObject({ exitCode: 2 });
  expect(noPermission.stderr).toContain('CAP_NET_ADMIN');
});

const MINIMAL_KUBECONFIG = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:6443' } }],
  users: [{ name: 'u', user: {} }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
});

test('a node name that nobody has: told with the names there are, not ready, and nothing is written or taken away', async () => {
  cluster.put('networkpolicies', policy('deny', 'api'));
  const right = await start();
  await inSync(right);
  await right.end('SIGTERM');
  const before = await ruleset();
  const written = await watchWrites(sandbox);
  const wrong = await start('--node', 'node-c');
  const {
    degraded,
    ready,
    inSync: claimed,
  } = await wrong.until((status) => status.degraded.some(({ code }) => code === 'NODE_UNKNOWN'));
  expect({ ready, claimed }).toEqual({ ready: false, claimed: false });
  expect(degraded.find(({ code }) => code === 'NODE_UNKNOWN')?.message).toMatch(
    /^there is no node node-c in the cluster: nothing is written, .*; the nodes are: node-a, node-b$/,
  );
  expect(await wrong.get('/readyz')).toMatchObject({
    code: 503,
    text: expect.stringContaining('NODE_UNKNOWN'),
  });
  expect(await ruleset()).toBe(before);
  expect(await written()).toBe('');

  // The control: with a Node of that name it does what it is told, and takes the other's rules away.
  cluster.put('nodes', node('node-c', ['10.244.3.0/24']));
  await inSync(wrong);
  expect(await wrong.status()).toMatchObject({ ready: true, degraded: [] });
  expect(await written()).toContain('policyd');
});
