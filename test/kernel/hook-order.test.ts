/**
 * That packets meet hooks in the order, and look there as `nft/hook-order` says: each stop's chain takes the
 * packet over only from the one before, and only if it is as expected. Hooks that are no stop count nothing.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Address } from '../../src/model/address.ts';
import { type Stop, stopsOf } from '../../src/nft/hook-order.ts';
import { HOOKS, type TableFamily } from '../../src/nft/objects.ts';
import { firstPacket, type Packet } from '../../src/nft/packet.ts';
import { asSeen } from '../../src/nft/packet-view.ts';
import { untilSeen } from '../kit/waiting.ts';
import { BridgeNet, bridgePod, OUTSIDE } from './bridge-net.ts';

const A = bridgePod('a', 21);
const B = bridgePod('b', 22);
const NODE = '172.18.0.2';
const GATEWAY = '10.244.1.1';
const TO_POD = '10.96.0.1';
const TO_OUTSIDE = '10.96.0.2';
const SERVICE_PORT = 4000;
const BACKEND_PORT = 4001;
const SEND = 'IO::Socket::INET->new(Proto => "udp", PeerAddr => shift)->send("x")';
const LINKS = ['up0', 'cni0', 'va', 'vb'];

let net: BridgeNet;

beforeAll(async () => {
  net = await BridgeNet.create();
  await net.addBridge([A, B]);
  await net.sh('echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables');
});

afterAll(() => net.close());

beforeEach(() => net.sh('nft flush ruleset'));

interface Case {
  readonly from: 'a' | 'node' | 'outside';
  /** What is dialled. */
  readonly to: string;
  readonly packet: Pick<Packet, 'way' | 'links' | 'bridgePorts' | 'hopLimit'>;
  readonly source: string;
  /** After DNAT; `to` unless given. */
  readonly backend?: string;
  /** By what the source is replaced; nothing unless given. */
  readonly masqueraded?: string;
}

const FROM_A = { in: 'va', out: null };
const TO_A = { in: null, out: 'va' };

const CASES: readonly (readonly [string, Case])[] = [
  [
    'between ports of a bridge',
    {
      ...{ from: 'a', to: B.ipv4, source: A.ipv4 },
      packet: {
        ...{ way: 'bridged', hopLimit: 64 },
        links: { in: 'cni0', out: 'cni0' },
        bridgePorts: { in: 'va', out: 'vb' },
      },
    },
  ],
  [
    'between ports of a bridge, through a Service',
    {
      ...{ from: 'a', to: TO_POD, backend: B.ipv4, source: A.ipv4 },
      packet: {
        ...{ way: 'bridged', hopLimit: 64 },
        links: { in: 'cni0', out: 'cni0' },
        bridgePorts: { in: 'va', out: 'vb' },
      },
    },
  ],
  [
    'routed, from a bridge',
    {
      ...{ from: 'a', to: OUTSIDE.ipv4, source: A.ipv4 },
      packet: { hopLimit: 63, links: { in: 'cni0', out: 'up0' }, bridgePorts: FROM_A },
    },
  ],
  [
    'routed, from a bridge through a Service',
    {
      ...{ from: 'a', to: TO_OUTSIDE, backend: OUTSIDE.ipv4, source: A.ipv4 },
      packet: { hopLimit: 63, links: { in: 'cni0', out: 'up0' }, bridgePorts: FROM_A },
    },
  ],
  [
    'routed, to a bridge and masqueraded',
    {
      ...{ from: 'outside', to: A.ipv4, source: OUTSIDE.ipv4, masqueraded: GATEWAY },
      packet: { hopLimit: 62, links: { in: 'up0', out: 'cni0' }, bridgePorts: TO_A },
    },
  ],
  [
    'to the node, from a bridge',
    {
      ...{ from: 'a', to: NODE, source: A.ipv4 },
      packet: { ...{ way: 'to-node', hopLimit: 64 }, links: { in: 'cni0', out: '' }, bridgePorts: FROM_A },
    },
  ],
  [
    'to the node',
    {
      ...{ from: 'outside', to: NODE, source: OUTSIDE.ipv4 },
      packet: { way: 'to-node', hopLimit: 63, links: { in: 'up0', out: '' } },
    },
  ],
  [
    'from the node, to a bridge',
    {
      ...{ from: 'node', to: A.ipv4, source: GATEWAY },
      packet: { ...{ way: 'from-node', hopLimit: 64 }, links: { in: '', out: 'cni0' }, bridgePorts: TO_A },
    },
  ],
  [
    'from the node',
    {
      ...{ from: 'node', to: OUTSIDE.ipv4, source: NODE },
      packet: { way: 'from-node', hopLimit: 64, links: { in: '', out: 'up0' } },
    },
  ],
];

test.each(CASES)('%s', async (_, given) => {
  const packet = packetOf(given);
  const stops = stopsOf(packet);
  const chains = [...stops.map((stop, index) => stopChain(packet, stop, index)), ...elsewhere(stops)];
  await net.sh(`nft -f - <<'END'\n${[...nat(given), ...chains].join('\n')}\nEND`);
  const command = `perl -MIO::Socket -e '${SEND}' ${given.to}:${SERVICE_PORT}`;
  await net.sh(given.from === 'node' ? command : `ip netns exec ${given.from} ${command}`);
  const counted = await countersAfter(`stop_${stops.length - 1}`);
  expect(stops.length).toBeGreaterThan(2);
  expect(stops.map((_stop, index) => counted.get(`stop_${index}`))).toEqual(stops.map(() => 1));
  const others = [...counted].filter(([name]) => name.startsWith('else_'));
  expect(others.length).toBeGreaterThan(0);
  expect(others.filter(([, packets]) => packets > 0)).toEqual([]);
});

function packetOf({ to, backend = to, source, masqueraded = source, packet }: Case): Packet {
  const flow = {
    source: source as Address,
    destination: backend as Address,
    transport: { kind: 'ports', protocol: 'UDP', port: backend === to ? SERVICE_PORT : BACKEND_PORT },
  } as const;
  const first = firstPacket(flow);
  if (first.connection === null) throw new TypeError('the first packet of a flow has a connection');
  const { original, reply } = first.connection;
  return {
    ...first,
    ...packet,
    connection: {
      direction: 'original',
      original: { ...original, destination: to as Address, destinationPort: SERVICE_PORT },
      reply: { ...reply, destination: masqueraded as Address },
    },
  };
}

/** The mark says how many stops the packet has passed. */
function stopChain(packet: Packet, stop: Stop, index: number): string {
  const seen = asSeen(packet, stop.view);
  const priority = Number.isFinite(stop.before)
    ? stop.before - 1
    : Number.isFinite(stop.after)
      ? stop.after + 1
      : 10;
  const matches = [
    `ip saddr ${seen.source} ip daddr ${seen.destination} ip ttl ${seen.hopLimit}`,
    `udp dport ${seen.ports?.destination}`,
    ...(seen.links?.in ? [`iifname "${seen.links.in}"`] : []),
    ...(seen.links?.out ? [`oifname "${seen.links.out}"`] : []),
    // Only inet can ask: netdev has no connections, and on a bridge asking would begin another tracking.
    ...(stop.family === 'inet' ? [`ct state ${seen.state}`] : []),
  ];
  return base(
    ...([`stop_${index}`, stop.family, stop.hook, stop.view.links.in, priority] as const),
    `${matches.join(' ')} meta mark ${index} meta mark set ${index + 1} counter`,
  );
}

/** Every other hook there is. */
function elsewhere(stops: readonly Stop[]): readonly string[] {
  const met = (family: TableFamily, hook: string, device: string): boolean =>
    stops.some(
      (stop) =>
        stop.family === family &&
        stop.hook === hook &&
        (family !== 'netdev' || stop.view.links.in === device),
    );
  const families = Object.keys(HOOKS) as TableFamily[];
  const all = families.flatMap((family) =>
    HOOKS[family].flatMap((hook) =>
      (family === 'netdev' ? LINKS : ['']).map((device) => ({ family, hook, device })),
    ),
  );
  return all
    .filter(({ family, hook, device }) => !met(family, hook, device))
    .map(({ family, hook, device }, index) =>
      base(
        `else_${index}`,
        family,
        hook,
        device,
        20,
        `udp dport { ${SERVICE_PORT}, ${BACKEND_PORT} } counter`,
      ),
    );
}

function base(
  name: string,
  family: TableFamily,
  hook: string,
  device: string,
  priority: number,
  rule: string,
): string {
  const place = family === 'netdev' ? ` device "${device}"` : '';
  return chainText(`${family} t`, name, `filter hook ${hook}${place} priority ${priority}`, rule);
}

function nat({ to, backend, masqueraded }: Case): readonly string[] {
  const dialled = `ip daddr ${to} udp dport ${SERVICE_PORT}`;
  const chain = (hook: string, priority: number, does: string): string =>
    chainText('ip n', `at_${hook}`, `nat hook ${hook} priority ${priority}`, `${dialled} ${does}`);
  return [
    ...(backend ? [chain('prerouting', -100, `dnat to ${backend}:${BACKEND_PORT}`)] : []),
    ...(masqueraded ? [chain('postrouting', 100, `snat to ${masqueraded}`)] : []),
  ];
}

function chainText(table: string, name: string, type: string, rule: string): string {
  return `table ${table} {\n chain ${name} {\n type ${type};\n ${rule}\n }\n}`;
}

/** When the packet has come to the last chain. */
async function countersAfter(last: string): Promise<ReadonlyMap<string, number>> {
  return await untilSeen(`a packet in ${last}`, counters, (counted) => counted.get(last) !== 0);
}

async function counters(): Promise<ReadonlyMap<string, number>> {
  const text = await net.sh('nft list ruleset');
  return new Map(
    [...text.matchAll(/chain ((?:stop|else)_\d+) \{.*?counter packets (\d+)/gs)].map(
      ([, name = '', packets]) => [name, Number(packets)],
    ),
  );
}
