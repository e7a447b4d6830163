/**
 * Packets that no socket sends, from a pod with NET_RAW, at pods that policies close. What passes where
 * nothing is closed is the control: the same packets are counted there.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAR_MS } from '../kit/waiting.ts';
import { addressesOf, type InsideLab, namespace, pod, startReady, synced } from './inside-lab.ts';

const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const SCRIPT = new URL('raw-packets.pl', import.meta.url).pathname;
const PORT = 9999;
const closed = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress', 'Egress'] };
const partly = {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [{ from: [{ podSelector: {} }], ports: [{ port: PORT }] }],
};

let lab: InsideLab;
beforeAll(async () => {
  const place = { web: 'node-a', db: 'node-a', api: 'node-b' };
  const pods = Object.entries(place).map(([name, nodeName]) => pod(name, { nodeName }));
  lab = await startReady([namespace('shop'), ...pods], { nodes: 2 });
});
afterAll(() => lab.stop());

/** A tuple used once stays in conntrack, so each round has source ports of its own. */
let sourcePort = 40_000;

/**
 * The kinds of packets that arrive. Those that must are waited for; the others have a moment more, as long as
 * they would take on an idle machine.
 */
async function arriving(
  from: string,
  to: string,
  family: 0 | 1,
  expected: readonly string[] = [],
): Promise<readonly string[]> {
  const address = async (name: string): Promise<string> =>
    (await addressesOf(lab, `shop/${name}`))[family] ?? `no address of ${name}`;
  sourcePort += 100;
  const heard = `${lab.directory}/heard`;
  const hears = (kind: string): string =>
    `for i in $(seq ${FAR_MS / 50}); do grep -qsx ${kind} ${heard} && break; sleep 0.05; done`;
  const line = [
    `rm -f ${heard}`,
    `ip netns exec shop_${to} perl ${SCRIPT} listen ${FAR_MS / 100} >${heard} & listener=$!`,
    hears('listening'),
    `ip netns exec shop_${from} perl ${SCRIPT} send ${await address(from)} ${await address(to)} ${PORT} ${sourcePort}`,
    ...expected.map(hears),
    `sleep 0.3; kill $listener; cat ${heard}`,
  ];
  const [first, ...kinds] = (await lab.sh(line.join('\n'))).split('\n').filter((kind) => kind !== '');
  expect(first).toBe('listening');
  return kinds;
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
    await synced(lab);
    return await use();
  } finally {
    await lab.api('DELETE', `${POLICIES}/attacked`);
    await synced(lab);
  }
}

describe.each([
  ['IPv4', 0],
  ['IPv6', 1],
] as const)('raw packets, %s', (_, family) => {
  test('arrive where no policy is', async () => {
    const common = ['tcp-syn', 'tcp-ack', 'tcp-xmas', 'udp', 'udp-from-53', 'protocol-99'];
    const own = family === 0 ? ['icmp-8', 'fragments'] : ['icmp-128', 'icmp-135', 'icmp-143', 'options-udp'];
    const all = [...common, ...own];
    const arrived = await arriving('web', 'db', family, all);
    expect(arrived).toEqual(expect.arrayContaining(all));
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
      await arriving('web', 'db', family, ['tcp-syn']),
      await arriving('api', 'db', family, ['tcp-syn']),
    ]);
    expect(arrived).toEqual([['tcp-syn'], ['tcp-syn']]);
  });
});
