import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeReport } from '../../src/channel/probe.ts';
import { LAB_POD } from '../kit/built.ts';
import {
  addressesOf,
  dial,
  type InsideLab,
  namespace,
  pod,
  startInside,
  startReady,
  synced,
} from './inside-lab.ts';

const PODS = '/api/v1/namespaces/shop/pods';
const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const denyAll = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny' },
  spec: { podSelector: { matchLabels: { app: 'api' } } },
};

async function probe(
  lab: InsideLab,
  from: string,
  address: string,
  port: number,
  expected: ProbeReport['outcome'],
  protocol: 'TCP' | 'UDP' = 'TCP',
): Promise<void> {
  const found = await dial(lab, { from: { pod: `shop/${from}` }, to: { address, port, protocol } }, expected);
  expect([from, address, port, protocol, found]).toEqual([from, address, port, protocol, expected]);
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
    lab = await startReady(objects, { nodes: 2 });
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
    const targets = [...(await addressesOf(lab, 'shop/api')), ...(await addressesOf(lab, 'shop/neighbour'))];
    for (const address of [...targets, '172.18.0.3']) {
      for (const protocol of ['TCP', 'UDP'] as const) {
        await probe(lab, 'web', address, 8080, 'connected', protocol);
        await probe(lab, 'web', address, 8081, 'refused', protocol);
      }
    }
    for (const address of ['203.0.113.10', '2001:db8:113::10']) {
      await probe(lab, 'web', address, 443, 'connected');
      await probe(lab, 'web', address, 444, 'refused');
    }
  });

  test('nodes and the external host make probes too, and unknown sources are named', async () => {
    const [address = ''] = await addressesOf(lab, 'shop/api');
    const to = { address, port: 8080, protocol: 'TCP' } as const;
    const ask = (from: { node: string } | { external: true }): Promise<ProbeReport['outcome']> =>
      dial(lab, { from, to }, 'connected');
    expect(await ask({ node: 'node-a' })).toBe('connected');
    expect(await ask({ external: true })).toBe('connected');
    await expect(ask({ node: 'node-z' })).rejects.toThrow(
      'the lab has no node node-z; it has node-a, node-b',
    );
    await expect(lab.client.probe({ from: { pod: 'shop/nobody' }, to, timeoutMs: 10 })).rejects.toThrow(
      'the lab has no pod shop/nobody',
    );
  });

  test('a policy created through the API drops in the kernel, and its deletion opens again', async () => {
    const [four = '', six = ''] = await addressesOf(lab, 'shop/api');
    await probe(lab, 'web', four, 8080, 'connected');
    expect((await lab.api('POST', POLICIES, denyAll)).status).toBe(201);
    await synced(lab);
    await probe(lab, 'web', four, 8080, 'blocked');
    await probe(lab, 'web', six, 8080, 'blocked', 'UDP');
    await probe(lab, 'api', '203.0.113.10', 80, 'connected');
    const ruleset = await lab.client.listing('node-b');
    expect(ruleset).toMatchObject({ node: 'node-b', inSync: true });
    expect(JSON.stringify(ruleset.listing)).toContain(four);
    expect((await lab.api('DELETE', `${POLICIES}/deny`)).status).toBe(200);
    await synced(lab);
    await probe(lab, 'web', four, 8080, 'connected');
  });

  test('a deleted pod takes its namespace and link with it, and its address serves the next one', async () => {
    const before = (await lab.sh('ip netns')).split('\n').length;
    await lab.api('POST', PODS, pod('short', { nodeName: 'node-a' }));
    await synced(lab);
    const addresses = await addressesOf(lab, 'shop/short');
    await probe(lab, 'web', addresses[0] ?? '', 8080, 'connected');
    expect(await lab.sh('ip netns')).toContain('shop_short');
    await lab.api('DELETE', `${PODS}/short`);
    await synced(lab);
    expect((await lab.api('GET', `${PODS}/short`)).status).toBe(404);
    expect((await lab.sh('ip netns')).split('\n').length).toBe(before);
    await lab.api('POST', PODS, pod('next', { nodeName: 'node-a' }));
    await synced(lab);
    expect(await addressesOf(lab, 'shop/next')).toEqual(addresses);
    await probe(lab, 'web', addresses[0] ?? '', 8080, 'connected');
    await lab.api('DELETE', `${PODS}/next?gracePeriodSeconds=0`);
    await synced(lab);
    expect((await lab.sh('ip netns')).split('\n').length).toBe(before);
  });

  test('a completed pod gives up its network', async () => {
    await lab.api('POST', PODS, pod('job', { nodeName: 'node-b' }));
    await synced(lab);
    const [address = ''] = await addressesOf(lab, 'shop/job');
    await probe(lab, 'api', address, 8080, 'connected');
    await lab.api('PATCH', `${PODS}/job/status`, { status: { phase: 'Succeeded' } });
    await synced(lab);
    const to = { address, port: 8080, protocol: 'TCP' } as const;
    expect(await dial(lab, { from: { pod: 'shop/api' }, to }, 'blocked')).not.toBe('connected');
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
    const [four = ''] = await addressesOf(lab, 'shop/api');
    await lab.api('POST', POLICIES, denyAll);
    await synced(lab);
    const killed = (await lab.client.state()).nodes.find(({ name }) => name === 'node-b')?.policyd?.pid;
    await lab.sh(`kill -9 ${killed}`);
    expect((await lab.event('warning')).message).toMatch(/^policyd on node-b died of SIGKILL/);
    await probe(lab, 'web', four, 8080, 'blocked');
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
    await probe(lab, 'web', four, 8080, 'connected');
  });

  test('the process of a pod is started again when it dies', async () => {
    // By command line: without capabilities in the lab's user namespace `ip netns pids` sees nothing.
    await lab.sh(
      `for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q 'lab-pod.*[n]eighbour' && kill -9 \${p#/proc/}; done; true`,
    );
    await synced(lab);
    const [address = ''] = await addressesOf(lab, 'shop/neighbour');
    const to = { address, port: 8080, protocol: 'TCP' } as const;
    const ends = (): Promise<string> => dial(lab, { from: { pod: 'shop/web' }, to }, 'blocked');
    await expect.poll(ends).toBe('connected');
  });
});

test.each(['ipv4', 'ipv6'] as const)('a lab of %s alone works', async (ipFamily) => {
  const lab = await startReady([namespace('shop'), pod('web'), pod('api')], { ipFamily, nodes: 2 });
  try {
    const addresses = await addressesOf(lab, 'shop/api');
    expect(addresses).toHaveLength(1);
    expect(addresses[0]?.includes(':')).toBe(ipFamily === 'ipv6');
    await probe(lab, 'web', addresses[0] ?? '', 8080, 'connected');
    await lab.api('POST', POLICIES, denyAll);
    await synced(lab);
    await probe(lab, 'web', addresses[0] ?? '', 8080, 'blocked');
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
  const lab = await startInside([namespace('shop')], { command, programs: withoutPolicyd() });
  expect(await lab.ended).toBe(status);
  expect(lab.events.at(-1)).toEqual({ event: 'exited', status });
  await lab.stop();
});

test('manifests the API server refuses fail the lab with every message', async () => {
  const lost = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'lost', namespace: 'nowhere' }, spec: {} };
  const lab = await startInside([namespace('shop'), namespace('shop'), lost], {
    programs: withoutPolicyd(),
  });
  expect(await lab.ended).toBe(125);
  const { message } = await lab.event('failed');
  expect(message).toContain('Namespace shop: ');
  expect(message).toContain('Pod nowhere/lost: ');
  await lab.stop();
});

test('a lab whose policyd cannot run says so instead of claiming to be ready', async () => {
  const programs = { policyd: '/nonexistent/policyd.js', labPod: LAB_POD };
  const lab = await startInside([namespace('shop'), pod('web')], { programs, readyTimeoutMs: 10_000 });
  expect(await lab.ended).toBe(125);
  expect((await lab.event('failed')).message).toMatch(/not in sync.*policyd on node-a exited with 1/s);
  await lab.stop();
});

function withoutPolicyd(): { policyd: null; labPod: string } {
  return { policyd: null, labPod: LAB_POD };
}
