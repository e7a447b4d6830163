/**
 * The cluster the semantic cases happen in: six dual-stack pods in three namespaces on two nodes, and how
 * the cases name its addresses.
 */
import type { Address, Family } from '../../src/model/address.ts';
import { familyOf } from '../../src/model/address.ts';
import type { Transport } from '../../src/model/protocol.ts';
import type { Flow } from '../../src/model/verdict.ts';
import { parseAddress } from '../../src/net/address.ts';
import { namespace, networkPolicy, node, type PodSpec, pod, type Raw } from '../kit/objects.ts';

export const INTERNET: readonly string[] = ['203.0.113.10', '2001:db8:113::10'];
export const NODE_A: readonly string[] = ['172.18.0.2', 'fd00:172:18::2'];
export const NODE_B: readonly string[] = ['172.18.0.3', 'fd00:172:18::3'];

/** The pod addresses of node a (1) or b (2) with this last part. */
export function addresses(net: 1 | 2, last: number): readonly string[] {
  return [`10.244.${net}.${last}`, `fd00:10:244:${net}::${last.toString(16)}`];
}

const BASE: readonly Raw[] = [
  node('node-a', NODE_A, ['10.244.1.0/24', 'fd00:10:244:1::/64']),
  node('node-b', NODE_B, ['10.244.2.0/24', 'fd00:10:244:2::/64']),
  namespace('shop', { team: 'shop' }),
  namespace('other', { team: 'other' }),
  namespace('ops', { team: 'ops', env: 'prod' }),
  pod({
    namespace: 'shop',
    name: 'web',
    labels: { app: 'web', tier: 'front' },
    node: 'node-a',
    addresses: addresses(1, 2),
    ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
  }),
  pod({
    namespace: 'shop',
    name: 'api',
    labels: { app: 'api', tier: 'back' },
    node: 'node-b',
    addresses: addresses(2, 2),
    ports: [
      { name: 'http', containerPort: 8080, protocol: 'TCP' },
      { name: 'dns', containerPort: 53, protocol: 'UDP' },
    ],
  }),
  pod({
    namespace: 'shop',
    name: 'db',
    labels: { app: 'db', tier: 'back' },
    node: 'node-a',
    addresses: addresses(1, 3),
    ports: [{ name: 'postgres', containerPort: 5432, protocol: 'TCP' }],
  }),
  pod({
    namespace: 'other',
    name: 'web',
    labels: { app: 'web' },
    node: 'node-b',
    addresses: addresses(2, 3),
    ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
  }),
  pod({
    namespace: 'other',
    name: 'cli',
    labels: { app: 'cli' },
    node: 'node-a',
    addresses: addresses(1, 4),
  }),
  pod({
    namespace: 'ops',
    name: 'prom',
    labels: { app: 'prom' },
    node: 'node-b',
    addresses: addresses(2, 4),
  }),
];

/** The cluster with these objects; one that is there already under the same name is replaced. */
export function world(...objects: readonly Raw[]): readonly Raw[] {
  const named = new Map([...BASE, ...objects].map((object) => [identity(object), object]));
  return [...named.values()];
}

/** A policy in `shop` unless said otherwise. */
export function policy(name: string, spec: unknown, ns = 'shop'): Raw {
  return networkPolicy(ns, name, spec);
}

/** A pod of `shop` on node b. */
export function extraPod(name: string, last: number, spec: Partial<PodSpec> = {}): Raw {
  return pod({ namespace: 'shop', name, node: 'node-b', addresses: addresses(2, last), ...spec });
}

function identity({ kind, metadata }: Raw): string {
  const { namespace: ns = '', name } = metadata as { readonly namespace?: string; readonly name: string };
  return `${String(kind)} ${ns}/${name}`;
}

/**
 * The flows a case's words mean, one per family both ends have. An end is an address, `namespace/pod`,
 * a node's name or `internet`, with `@4` or `@6` for one family; a transport is `TCP/80`, `ICMP` or a number.
 */
export function flowsOf(
  objects: readonly Raw[],
  from: string,
  to: string,
  transport: string,
): readonly Flow[] {
  const found = (from === to ? pairsOfSelf : pairs)(endAddresses(objects, from), endAddresses(objects, to));
  if (found.length === 0) throw new TypeError(`${from} and ${to} share no address family`);
  return found.map(([source, destination]) => ({
    source,
    destination,
    transport: transportOf(transport, familyOf(source)),
  }));
}

type Pair = readonly [Address, Address];

function pairs(sources: readonly Address[], destinations: readonly Address[]): readonly Pair[] {
  return sources.flatMap((source) =>
    destinations.filter((to) => familyOf(to) === familyOf(source)).map((to): Pair => [source, to]),
  );
}

function pairsOfSelf(sources: readonly Address[]): readonly Pair[] {
  return sources.map((address): Pair => [address, address]);
}

function endAddresses(objects: readonly Raw[], end: string): readonly Address[] {
  const [, name = end, family] = /^(.*)@([46])$/.exec(end) ?? [];
  return rawAddresses(objects, name).flatMap((text) => {
    const address = parseAddress(text);
    if (address === null) throw new TypeError(`${name} is no address and no pod of this case`);
    return family === undefined || String(familyOf(address)) === family ? [address] : [];
  });
}

function rawAddresses(objects: readonly Raw[], name: string): readonly string[] {
  if (name === 'internet') return INTERNET;
  if (name === 'node-a') return NODE_A;
  if (name === 'node-b') return NODE_B;
  const found = objects.find((object) => identity(object) === `Pod ${name}`);
  const status = found?.status as { readonly podIPs: readonly { readonly ip: string }[] } | undefined;
  return status?.podIPs.map(({ ip }) => ip) ?? [name];
}

function transportOf(text: string, family: Family): Transport {
  if (text === 'ICMP') return { kind: 'other', ipProtocol: family === 4 ? 1 : 58 };
  const [protocol = '', port] = text.split('/');
  if (protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP')
    return { kind: 'ports', protocol, port: Number(port) };
  return { kind: 'other', ipProtocol: Number(protocol) };
}
