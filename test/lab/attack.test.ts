/**
 * Packets that no socket sends, from a pod with NET_RAW, at pods that policies close. What passes where
 * nothing is closed is the control: the same packets are counted there.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPrograms, type InsideLab, namespace, pod, startInside } from './inside-lab.ts';

const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const SCRIPT = new URL('raw-packets.pl', import.meta.url).pathname;
const PORT = 9999;
const closed = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress', 'Egress'] };
const partly = {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [{ from: [{ podSelector: {} }], ports: [{ port: PORT }] }],
};

let dist: string;
let lab: InsideLab;
beforeAll(async () => {
  dist = await buildPrograms();
  const place = { web: 'node-a', db: 'node-a', api: 'node-b' };
  const pods = Object.entries(place).map(([name, nodeName]) => pod(name, { nodeName }));
  lab = await startInside(dist, [namespace('shop'), ...pods], { nodes: 2 });
  const ended = lab.ended.then((status) => {
    throw new Error(`the lab ended with ${status}: ${JSON.stringify(lab.events.at(-1))}`);
  });
  await Promise.race([lab.event('ready'), ended]);
  ended.catch(() => undefined);
});
afterAll(async () => {
  await lab.stop();
  await rm(dist, { recursive: true, force: true });
});

/** A tuple used once stays in conntrack, so each round has source ports of its own. */
let sourcePort = 40_000;

/** The kinds of packets that arrive. */
async function arriving(from: string, to: string, family: 0 | 1): Promise<readonly string[]> {
  const { pods } = await lab.client.state();
  const addressOf = (name: string): string =>
    pods.find((one) => one.name === name)?.addresses[family] ?? `no address of ${name}`;
  sourcePort += 100;
  const line = [
    `rm -f ${lab.directory}/heard`,
    `ip netns exec shop_${to} perl ${SCRIPT} listen 30 >${lab.directory}/heard & listener=$!`,
    `for i in $(seq 200); do grep -qs listening ${lab.directory}/heard && break; sleep 0.05; done`,
    `ip netns exec shop_${from} perl ${SCRIPT} send ${addressOf(from)} ${addressOf(to)} ${PORT} ${sourcePort}`,
    `sleep 0.3; kill $listener; cat ${lab.directory}/heard`,
  ];
  const heard = (await lab.sh(line.join('\n'))).split('\n').filter((kind) => kind !== '');
  expect(heard[0]).toBe('listening');
  return heard.slice(1);
}

async function during<T>(spec: unknown, use: () => Promise<T>): Promise<T> {
  const made = await lab.api('POST', POLICIES, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'attacked' },
    spec,
  });
  expect(made.status).toBe(201);
  try {
    expect(await lab.client.sync(20_000)).toMatchObject({ synced: true });
    return await use();
  } finally {
    await lab.api('DELETE', `${POLICIES}/attacked`);
    await lab.client.sync(20_000);
  }
}

describe.each([
  ['IPv4', 0],
  ['IPv6', 1],
] as const)('raw packets, %s', (_, family) => {
  test('arrive where no policy is', async () => {
    const arrived = await arriving('web', 'db', family);
    const common = ['tcp-syn', 'tcp-ack', 'tcp-xmas', 'udp', 'udp-from-53', 'protocol-99'];
    const own = family === 0 ? ['icmp-8', 'fragments'] : ['icmp-128', 'icmp-135', 'icmp-143', 'options-udp'];
    expect(arrived).toEqual(expect.arrayContaining([...common, ...own]));
    // Encapsulation is nobody's, policies or none (datapath 4.4).
    expect(arrived).not.toContain('protocol-47');
  });

  test('never reach or leave a closed pod, on its node and across nodes', async () => {
    const arrived = await during(closed, async () => [
      await arriving('web', 'db', family),
      await arriving('api', 'db', family),
      await arriving('db', 'web', family),
      await arriving('db', 'api', family),
    ]);
    expect(arrived).toEqual([[], [], [], []]);
  });

  test('of one allowed port: a SYN opens a connection, and nothing else passes', async () => {
    const arrived = await during(partly, async () => [
      await arriving('web', 'db', family),
      await arriving('api', 'db', family),
    ]);
    expect(arrived).toEqual([['tcp-syn'], ['tcp-syn']]);
  });
});
