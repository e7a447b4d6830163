import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeReport } from '../../src/channel/probe.ts';
import { buildPrograms, type InsideLab, namespace, pod, startInside } from './inside-lab.ts';

const PODS = '/api/v1/namespaces/shop/pods';
const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const denyAll = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny' },
  spec: { podSelector: { matchLabels: { app: 'api' } } },
};

let dist: string;
beforeAll(async () => {
  dist = await buildPrograms();
});
afterAll(() => rm(dist, { recursive: true, force: true }));

async function addressesOf(lab: InsideLab, name: string): Promise<readonly string[]> {
  const { pods } = await lab.client.state();
  return pods.find((candidate) => candidate.name === name)?.addresses ?? [];
}

async function probe(
  lab: InsideLab,
  from: string,
  address: string,
  port: number,
  protocol: 'TCP' | 'UDP' = 'TCP',
): Promise<ProbeReport['outcome']> {
  const to = { address, port, protocol };
  const { outcome } = await lab.client.probe({ from: { pod: `shop/${from}` }, to, timeoutMs: 1000 });
  // A timeout is tried once more before it counts.
  if (outcome !== 'blocked') return outcome;
  return (await lab.client.probe({ from: { pod: `shop/${from}` }, to, timeoutMs: 1000 })).outcome;
}

async function synced(lab: InsideLab): Promise<void> {
  expect(await lab.client.sync(20_000)).toMatchObject({ synced: true, waitingFor: [] });
}

describe('a lab of two nodes, dual stack, with the real policyd', () => {
  let lab: InsideLab;
  beforeAll(async () => {
    const local = pod('neighbour', { nodeName: 'node-a' });
    const host = pod('host', { nodeName: 'node-b', hostNetwork: true });
    const objects = [
      namespace('shop'),
      pod('web', { nodeName: 'node-a' }),
      pod('api', { nodeName: 'node-b' }),
      local,
      host,
    ];
    lab = await startInside(dist, objects, { nodes: 2 });
    await Promise.race([lab.event('ready'), failure(lab)]);
  });
  afterAll(() => lab.stop());

  test('pods get the addresses of their node, one of each family, and host-network pods the node itself', async () => {
    const { pods, nodes } = await lab.client.state();
    expect(nodes.map(({ name, podCidrs }) => [name, podCidrs])).toEqual([
      ['node-a', ['10.244.1.0/24', 'fd00:10:244:1::/64']],
      ['node-b', ['10.244.2.0/24', 'fd00:10:244:2::/64']],
    ]);
    const of = (name: string): readonly string[] => pods.find((one) => one.name === name)?.addresses ?? [];
    expect(of('api')).toEqual([
      expect.stringMatching(/^10\.244\.2\./),
      expect.stringMatching(/^fd00:10:244:2::/),
    ]);
    expect(of('host')).toEqual(['172.18.0.3', 'fd00:172:18::3']);
    expect(pods.every(({ phase, resident }) => phase === 'Running' && resident)).toBe(true);
  });

  test('probes tell connected from refused, over both families, TCP and UDP, to pods, nodes and outside', async () => {
    const targets = [...(await addressesOf(lab, 'api')), ...(await addressesOf(lab, 'neighbour'))];
    for (const address of [...targets, '172.18.0.3']) {
      for (const protocol of ['TCP', 'UDP'] as const) {
        expect([address, protocol, await probe(lab, 'web', address, 8080, protocol)]).toEqual([
          address,
          protocol,
          'connected',
        ]);
        expect([address, protocol, await probe(lab, 'web', address, 8081, protocol)]).toEqual([
          address,
          protocol,
          'refused',
        ]);
      }
    }
    for (const address of ['203.0.113.10', '2001:db8:113::10']) {
      expect(await probe(lab, 'web', address, 443)).toBe('connected');
      expect(await probe(lab, 'web', address, 444)).toBe('refused');
    }
  });

  test('nodes and the external host make probes too, and unknown sources are named', async () => {
    const [address = ''] = await addressesOf(lab, 'api');
    const to = { address, port: 8080, protocol: 'TCP' } as const;
    const ask = (from: { node: string } | { external: true }): Promise<ProbeReport> =>
      lab.client.probe({ from, to, timeoutMs: 1000 });
    expect((await ask({ node: 'node-a' })).outcome).toBe('connected');
    expect((await ask({ external: true })).outcome).toBe('connected');
    await expect(ask({ node: 'node-z' })).rejects.toThrow(
      'the lab has no node node-z; it has node-a, node-b',
    );
    await expect(lab.client.probe({ from: { pod: 'shop/nobody' }, to, timeoutMs: 10 })).rejects.toThrow(
      'the lab has no pod shop/nobody',
    );
  });

  test('a policy created through the API drops in the kernel, and its deletion opens again', async () => {
    const [four = '', six = ''] = await addressesOf(lab, 'api');
    expect(await probe(lab, 'web', four, 8080)).toBe('connected');
    expect((await lab.api('POST', POLICIES, denyAll)).status).toBe(201);
    await synced(lab);
    expect(await probe(lab, 'web', four, 8080)).toBe('blocked');
    expect(await probe(lab, 'web', six, 8080, 'UDP')).toBe('blocked');
    expect(await probe(lab, 'api', '203.0.113.10', 80)).toBe('connected');
    const ruleset = await lab.client.listing('node-b');
    expect(ruleset).toMatchObject({ node: 'node-b', inSync: true });
    expect(JSON.stringify(ruleset.listing)).toContain(four);
    expect((await lab.api('DELETE', `${POLICIES}/deny`)).status).toBe(200);
    await synced(lab);
    expect(await probe(lab, 'web', four, 8080)).toBe('connected');
  });

  test('a deleted pod takes its namespace and link with it, and its address serves the next one', async () => {
    const before = (await lab.sh('ip netns')).split('\n').length;
    await lab.api('POST', PODS, pod('short', { nodeName: 'node-a' }));
    await synced(lab);
    const addresses = await addressesOf(lab, 'short');
    expect(await probe(lab, 'web', addresses[0] ?? '', 8080)).toBe('connected');
    expect(await lab.sh('ip netns')).toContain('shop_short');
    await lab.api('DELETE', `${PODS}/short`);
    await synced(lab);
    expect((await lab.api('GET', `${PODS}/short`)).status).toBe(404);
    expect((await lab.sh('ip netns')).split('\n').length).toBe(before);
    await lab.api('POST', PODS, pod('next', { nodeName: 'node-a' }));
    await synced(lab);
    expect(await addressesOf(lab, 'next')).toEqual(addresses);
    expect(await probe(lab, 'web', addresses[0] ?? '', 8080)).toBe('connected');
    await lab.api('DELETE', `${PODS}/next?gracePeriodSeconds=0`);
    await synced(lab);
    expect((await lab.sh('ip netns')).split('\n').length).toBe(before);
  });

  test('a completed pod gives up its network', async () => {
    await lab.api('POST', PODS, pod('job', { nodeName: 'node-b' }));
    await synced(lab);
    const [address = ''] = await addressesOf(lab, 'job');
    expect(await probe(lab, 'api', address, 8080)).toBe('connected');
    await lab.api('PATCH', `${PODS}/job/status`, { status: { phase: 'Succeeded' } });
    await synced(lab);
    expect(await probe(lab, 'api', address, 8080)).not.toBe('connected');
    expect(await lab.sh('ip netns')).not.toContain('shop_job');
    await lab.api('DELETE', `${PODS}/job`);
    await synced(lab);
  });

  test('pods without a node go where the fewest are', async () => {
    for (const name of ['one', 'two', 'three', 'four']) await lab.api('POST', PODS, pod(name));
    await synced(lab);
    const { pods } = await lab.client.state();
    const loads = ['node-a', 'node-b'].map((node) => pods.filter((one) => one.node === node).length);
    expect(loads).toEqual([4, 4]);
    for (const name of ['one', 'two', 'three', 'four']) await lab.api('DELETE', `${PODS}/${name}`);
    await synced(lab);
  });

  test('a policyd killed with -9 is reported and started again, while its rules hold', async () => {
    const [four = ''] = await addressesOf(lab, 'api');
    await lab.api('POST', POLICIES, denyAll);
    await synced(lab);
    const killed = (await lab.client.state()).nodes.find(({ name }) => name === 'node-b')?.policyd?.pid;
    await lab.sh(`kill -9 ${killed}`);
    expect((await lab.event('warning')).message).toMatch(/^policyd on node-b died of SIGKILL/);
    expect(await probe(lab, 'web', four, 8080)).toBe('blocked');
    await synced(lab);
    const policyd = (await lab.client.state()).nodes.find(({ name }) => name === 'node-b')?.policyd;
    expect(policyd).toMatchObject({ running: true, restarts: 1, inSync: true });
    // How the last one ended says nothing of this one any more.
    await lab.sh(`kill -STOP ${policyd?.pid}`);
    await lab.api('DELETE', `${POLICIES}/deny`);
    const stopped = JSON.stringify(await lab.client.sync(3_000));
    await lab.sh(`kill -CONT ${policyd?.pid}`);
    expect(stopped).toContain('policyd on node-b does not answer yet');
    await synced(lab);
    expect(await probe(lab, 'web', four, 8080)).toBe('connected');
  });

  test('the process of a pod is started again when it dies', async () => {
    // By command line: without capabilities in the lab's user namespace `ip netns pids` sees nothing.
    await lab.sh(
      `for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q 'lab-pod.*[n]eighbour' && kill -9 \${p#/proc/}; done; true`,
    );
    await expect.poll(async () => (await lab.client.sync(100)).synced, { timeout: 10_000 }).toBe(true);
    const [address = ''] = await addressesOf(lab, 'neighbour');
    await expect.poll(() => probe(lab, 'web', address, 8080), { timeout: 10_000 }).toBe('connected');
  });
});

test.each(['ipv4', 'ipv6'] as const)('a lab of %s alone works', async (ipFamily) => {
  const lab = await startInside(dist, [namespace('shop'), pod('web'), pod('api')], { ipFamily, nodes: 2 });
  try {
    await Promise.race([lab.event('ready'), failure(lab)]);
    const addresses = await addressesOf(lab, 'api');
    expect(addresses).toHaveLength(1);
    expect(addresses[0]?.includes(':')).toBe(ipFamily === 'ipv6');
    expect(await probe(lab, 'web', addresses[0] ?? '', 8080)).toBe('connected');
    await lab.api('POST', POLICIES, denyAll);
    await synced(lab);
    expect(await probe(lab, 'web', addresses[0] ?? '', 8080)).toBe('blocked');
  } finally {
    await lab.stop();
  }
});

test.each([
  ['exit 7', 7],
  ['kill -TERM $$', 143],
  ['[ -S "$POLICYD_LAB" ] && [ -f "$KUBECONFIG" ] && [ "$GIVEN" = yes ] && [ "$PWD" = /tmp ]', 0],
])('the command %s ends the lab with its status', async (line, status) => {
  const command = { argv: ['sh', '-c', line], cwd: '/tmp', env: { PATH: '/usr/bin:/bin', GIVEN: 'yes' } };
  const lab = await startInside(dist, [namespace('shop')], { command, programs: withoutPolicyd() });
  expect(await lab.ended).toBe(status);
  expect(lab.events.at(-1)).toEqual({ event: 'exited', status });
  await lab.stop();
});

test('manifests the API server refuses fail the lab with every message', async () => {
  const lost = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'lost', namespace: 'nowhere' }, spec: {} };
  const lab = await startInside(dist, [namespace('shop'), namespace('shop'), lost], {
    programs: withoutPolicyd(),
  });
  expect(await lab.ended).toBe(125);
  const { message } = await lab.event('failed');
  expect(message).toContain('Namespace shop: ');
  expect(message).toContain('Pod nowhere/lost: ');
  await lab.stop();
});

test('a lab whose policyd cannot run says so instead of claiming to be ready', async () => {
  const programs = { policyd: '/nonexistent/policyd.js', labPod: `${dist}/lab-pod.js` };
  const lab = await startInside(dist, [namespace('shop'), pod('web')], { programs, readyTimeoutMs: 2000 });
  expect(await lab.ended).toBe(125);
  expect((await lab.event('failed')).message).toMatch(/not in sync.*policyd on node-a exited with 1/s);
  await lab.stop();
});

function withoutPolicyd(): { policyd: null; labPod: string } {
  return { policyd: null, labPod: `${dist}/lab-pod.js` };
}

async function failure(lab: InsideLab): Promise<never> {
  const status = await lab.ended;
  throw new Error(`the lab ended with ${status}: ${JSON.stringify(lab.events.at(-1))}`);
}
