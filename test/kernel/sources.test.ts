/**
 * A source is its pod's own: what programs in pods send from addresses that are not theirs reaches nobody, with
 * real packets, a real policyd, and no policy at all. Each has its control: the same without the guard.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namespace, node, pod, TestCluster } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { type Heard, OUTSIDE } from './bridge-net.ts';
import { RoutedNet, type RoutedPod, routedPod } from './routed-net.ts';

const WEB = routedPod('web', 10);
const API = routedPod('api', 11);
const DB = routedPod('db', 12);
const PODS = [WEB, API, DB];
const PORT = 5000;
const FORGED = new URL('forged.pl', import.meta.url).pathname;

let net: RoutedNet;
let cluster: TestCluster;
let agent: AgentProcess;

function put({ name, ipv4, ipv6 }: RoutedPod, annotations: Readonly<Record<string, string>> = {}): void {
  const { metadata, spec } = pod(name, ipv4);
  const podIPs = [{ ip: ipv4 }, { ip: ipv6 }];
  cluster.put('pods', {
    metadata: { ...metadata, annotations },
    spec,
    status: { phase: 'Running', podIP: ipv4, podIPs },
  });
}

beforeAll(async () => {
  net = await RoutedNet.create(PODS);
  cluster = new TestCluster();
  await cluster.open(net.sandbox);
  cluster.put('nodes', node('node-a', ['10.244.1.0/24', 'fd00:10:244:1::/64']));
  cluster.put('namespaces', namespace('shop'));
  for (const each of PODS) put(each);
  agent = await AgentProcess.start(net.sandbox);
  await agent.inSync(cluster.version);
});
afterAll(async () => {
  await agent.end('SIGKILL');
  await cluster.close();
  await net.close();
});

/** As if the guard did not do that: by hand, while no policyd is there to put it right. */
async function without<T>(chain: string, work: () => Promise<T>): Promise<T> {
  const before = await net.sh(`nft -j list chain inet policyd_sources ${chain}`);
  expect(before).toContain('drop');
  await agent.end('SIGTERM');
  await net.sh(`nft flush chain inet policyd_sources ${chain}`);
  try {
    return await work();
  } finally {
    agent = await AgentProcess.start(net.sandbox);
    await agent.inSync(cluster.version);
  }
}

interface Forgery {
  readonly from: string;
  /** IPv4 needs a raw socket. */
  readonly privileged: boolean;
  readonly source: string;
  readonly destination: string;
  readonly port?: number;
}

/** Whether it is heard: after it comes one from the pod's own address, which must be. */
async function isHeard(
  heard: Heard,
  { from, privileged, source, destination, port = PORT }: Forgery,
): Promise<boolean> {
  const own = PODS.find(({ name }) => name === from) ?? { ipv4: OUTSIDE.ipv4, ipv6: OUTSIDE.ipv6 };
  const [forged, honest] = [net.mark('forged'), net.mark('honest')];
  const honestly = destination.includes(':') ? own.ipv6 : own.ipv4;
  await net.forge(from, privileged, ['send', source, 4000, destination, port, forged]);
  await net.forge(from, privileged, ['send', honestly, 4001, destination, port, honest]);
  await heard.until((lines) => lines.includes(`${honestly} ${honest}`));
  return heard.lines.includes(`${source} ${forged}`);
}

describe('a datagram from an address that is not the pod’s', () => {
  const forgeries: readonly (readonly [string, Omit<Forgery, 'destination'>])[] = [
    [
      'another pod’s IPv6 address, without any privilege',
      { from: 'web', privileged: false, source: DB.ipv6 },
    ],
    ['nobody’s IPv6 address', { from: 'web', privileged: false, source: '2001:db8:99::9' }],
    ['the node’s IPv6 address', { from: 'web', privileged: false, source: 'fd00:172:18::2' }],
    ['an IPv6 address of this node’s range', { from: 'web', privileged: false, source: 'fd00:10:244:1::99' }],
    ['another pod’s IPv4 address, with a raw socket', { from: 'web', privileged: true, source: DB.ipv4 }],
    ['nobody’s IPv4 address', { from: 'web', privileged: true, source: '198.51.100.9' }],
  ];

  test('does not reach a pod, and what is its own does', async () => {
    const heard = { 4: await net.hear('api', API.ipv4, PORT), 6: await net.hear('api', API.ipv6, PORT) };
    const arrived = async (): Promise<readonly string[]> => {
      const names: string[] = [];
      for (const [name, forgery] of forgeries) {
        const six = forgery.source.includes(':');
        const destination = six ? API.ipv6 : API.ipv4;
        if (await isHeard(heard[six ? 6 : 4], { ...forgery, destination })) names.push(name);
      }
      return names;
    };
    expect(await arrived()).toEqual([]);
    expect(await without('source_guard', arrived)).toEqual(forgeries.map(([name]) => name));
  });

  test('does not leave the node', async () => {
    const heard = await net.hear('outside', OUTSIDE.ipv6, PORT);
    const forgery = { from: 'web', privileged: false, source: '2001:db8:99::9', destination: OUTSIDE.ipv6 };
    expect(await isHeard(heard, forgery)).toBe(false);
    expect(await without('source_guard', () => isHeard(heard, forgery))).toBe(true);
  });

  test('turns nobody’s idea of who asked: a pod that admits nobody is not reached by its own replies', async () => {
    cluster.put('networkpolicies', {
      metadata: { namespace: 'shop', name: 'closed' },
      spec: { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] },
    });
    await agent.inSync(cluster.version);
    const heard = await net.hear('db', DB.ipv6, PORT);
    const reached = async (): Promise<boolean> => {
      const [mine, theirs] = [4100 + heard.lines.length, net.mark('reply')];
      // One "from" the victim to the attacker, whose own packets then are replies.
      await net.forge('api', false, ['send', DB.ipv6, PORT, WEB.ipv6, mine, 'opening']);
      await net.forge('web', false, ['send', WEB.ipv6, mine, DB.ipv6, PORT, theirs]);
      // The node reaches its pods, whatever isolates them: what comes after it came after it.
      const end = net.mark('end');
      await net.sh(
        `perl ${new URL('forged.pl', import.meta.url).pathname} send :: 0 ${DB.ipv6} ${PORT} ${end}`,
      );
      await heard.until((lines) => lines.some((line) => line.endsWith(end)));
      return heard.lines.some((line) => line.endsWith(theirs));
    };
    expect(await reached()).toBe(false);
    expect(await without('source_guard', reached)).toBe(true);
    cluster.remove('networkpolicies', 'shop', 'closed');
    await agent.inSync(cluster.version);
  });
});

test('neighbours are found, and what is a pod’s own arrives: at pods, outside, at its node, and from it', async () => {
  await net.sh('ip neigh flush all; for pod in web api db; do ip -n $pod neigh flush all; done');
  const ways: readonly (readonly [string | null, string | null, string, string])[] = [
    ['web', 'api', WEB.ipv4, API.ipv4],
    ['web', 'api', WEB.ipv6, API.ipv6],
    ['web', 'outside', WEB.ipv4, OUTSIDE.ipv4],
    ['web', 'outside', WEB.ipv6, OUTSIDE.ipv6],
    ['outside', 'web', OUTSIDE.ipv6, WEB.ipv6],
    ['web', null, WEB.ipv4, '172.18.0.2'],
    ['web', null, WEB.ipv6, 'fd00:172:18::2'],
    ['web', null, '::', 'fe80::1%eth0'],
    [null, 'web', '::', WEB.ipv6],
  ];
  for (const [index, [from, to, source, destination]] of ways.entries()) {
    const heard = await net.hear(to, destination.replace('%eth0', '%vweb'), PORT + 10 + index);
    const text = net.mark('own');
    const args = ['send', source, 4000, destination, PORT + 10 + index, text];
    if (from === null) await net.sh(`perl ${FORGED} ${args.join(' ')}`);
    else await net.forge(from, true, args);
    await heard.until((lines) => lines.some((line) => line.endsWith(text)));
  }
});

test('from outside nobody sends with an address of this node’s pods', async () => {
  const heard = await net.hear('db', DB.ipv6, PORT + 1);
  const forgery = {
    ...{ from: 'outside', privileged: true, source: WEB.ipv6 },
    ...{ destination: DB.ipv6, port: PORT + 1 },
  };
  expect(await isHeard(heard, forgery)).toBe(false);
  expect(await without('source_hook', () => isHeard(heard, forgery))).toBe(true);
});

describe('a pod does not speak the language of tunnels', () => {
  test.each([
    ['its own node', null, '172.18.0.2', 4789],
    ['its own node', null, '172.18.0.2', 8472],
    ['somebody outside', 'outside', OUTSIDE.ipv4, 4789],
  ] as const)('to %s', async (_, where, address, port) => {
    const heard = await net.hear(where, address, port);
    const beside = await net.hear(where, address, port + 1);
    const reached = async (): Promise<boolean> => {
      const [inside, end] = [net.mark('inside'), net.mark('end')];
      await net.forge('web', true, ['send', WEB.ipv4, 4000, address, port, inside]);
      await net.forge('web', true, ['send', WEB.ipv4, 4000, address, port + 1, end]);
      await beside.until((lines) => lines.some((line) => line.endsWith(end)));
      return heard.lines.some((line) => line.endsWith(inside));
    };
    expect(await reached()).toBe(false);
    expect(await without(where === null ? 'tunnel_input' : 'tunnel_forward', reached)).toBe(true);
  });
});

test('a pod that routes for others sends for them, where its namespace lets it', async () => {
  const heard = await net.hear('api', API.ipv6, PORT + 2);
  const forgery = {
    ...{ from: 'web', privileged: false, source: '2001:db8:99::9' },
    ...{ destination: API.ipv6, port: PORT + 2 },
  };
  put(WEB, { 'policyd.dev/forwards': 'true' });
  await agent.inSync(cluster.version);
  expect(await isHeard(heard, forgery)).toBe(false);
  const { metadata } = namespace('shop') as {
    readonly metadata: { readonly name: string; readonly labels?: object };
  };
  cluster.put('namespaces', {
    metadata: { ...metadata, labels: { ...metadata.labels, 'policyd.dev/may-forward': 'true' } },
  });
  await agent.inSync(cluster.version);
  expect(await isHeard(heard, forgery)).toBe(true);
  put(WEB);
  await agent.inSync(cluster.version);
  expect(await isHeard(heard, forgery)).toBe(false);
});
