import { createHash } from 'node:crypto';
import type { Address, Family } from '../../model/address.ts';
import type { Protocol } from '../../model/protocol.ts';
import type { Backend, Front, HostPort } from './front.ts';
import { chain, set } from './text.ts';

/** kube-proxy's mark for "masquerade this connection"; policyd needs no marks. */
export const MASQUERADE_MARK = '0x4000';

/** What a node knows of one address family. */
export interface FamilyPlan {
  readonly family: Family;
  /** `ip` or `ip6`. */
  readonly header: string;
  readonly addressType: string;
  readonly podRanges: readonly string[];
  readonly serviceRange: string | null;
  readonly nodeAddresses: readonly Address[];
}

/** One family's share of the table, hook by hook. */
interface Forwarding {
  readonly sets: readonly string[];
  readonly chains: readonly string[];
  readonly services: readonly string[];
  readonly checks: readonly string[];
  readonly nodePortChecks: readonly string[];
  readonly addressChecks: readonly string[];
  readonly hairpins: readonly string[];
}

/** Verdicts by `address . protocol . port`, and the chains they lead to. */
interface Entries {
  readonly dispatch: Map<string, string>;
  readonly refused: Map<string, string>;
  readonly refusedNodePorts: Map<string, string>;
  readonly chains: string[];
}

export interface Forwarded {
  readonly node: string;
  readonly fronts: readonly Front[];
  /** Of all nodes. */
  readonly hostPorts: readonly HostPort[];
}

/** The sets, maps and chains of one family that send what is dialled on one node to a backend, as text. */
export function forwarding({ node, fronts, hostPorts }: Forwarded, of: FamilyPlan): Forwarding {
  const { family, header, addressType } = of;
  const entries: Entries = {
    dispatch: new Map(),
    refused: new Map(),
    refusedNodePorts: new Map(),
    chains: [],
  };
  const here = fronts.filter((front) => front.family === family);
  const mine = hostPorts.filter((each) => each.node === node && each.family === family);
  for (const front of here) addFront(entries, front, node, of);
  for (const hostPort of mine) addHostPort(entries, hostPort, of);
  const selves = [...here.flatMap((front) => front.backends), ...mine.map(({ backend }) => backend)]
    .filter((backend) => backend.node === node)
    .map(({ address }) => `${address} . ${address}`);
  const clusterAddresses = here.map((front) => front.clusterAddress);
  const verdicts = (name: string, map: ReadonlyMap<string, string>): string =>
    set(
      'map',
      `${name}${family}`,
      `type ${addressType} . inet_proto . inet_service : verdict`,
      [...map].map(([key, verdict]) => `${key} : ${verdict}`),
    );
  const key = `${header} daddr . meta l4proto . th dport`;
  return {
    sets: [
      verdicts('dispatch', entries.dispatch),
      verdicts('refused', entries.refused),
      verdicts('refused_node_ports', entries.refusedNodePorts),
      set('set', `cluster_ips${family}`, `type ${addressType}`, clusterAddresses),
      set('set', `self${family}`, `type ${addressType} . ${addressType}`, selves),
    ],
    chains: entries.chains,
    services: [
      // Whoever routes to a ClusterIP from outside the pods gets the answer back through this node.
      `${header} daddr @cluster_ips${family} ${header} saddr != { ${of.podRanges.join(', ')} } ${MARK}`,
      `${key} vmap @dispatch${family}`,
    ],
    checks: [`${key} vmap @refused${family}`],
    nodePortChecks: [`${key} vmap @refused_node_ports${family}`],
    addressChecks: [
      `${header} daddr @cluster_ips${family} goto refuse`,
      ...(of.serviceRange === null ? [] : [`${header} daddr ${of.serviceRange} drop`]),
    ],
    // A pod that reached itself must answer to somebody else, or its answer never leaves it.
    hairpins: [`${header} saddr . ${header} daddr @self${family} masquerade fully-random`],
  };
}

function addFront(entries: Entries, front: Front, node: string, of: FamilyPlan): void {
  const { protocol, backends } = front;
  const { chains, dispatch, refused, refusedNodePorts } = entries;
  const local = backends.filter((backend) => backend.node === node);
  const id = idOf(front);
  const [all, nearby, outside] = [`all_${id}`, `local_${id}`, `node_port_${id}`];
  // Nobody anywhere is refused; somebody, but not here where it must be, is silence.
  const absence = backends.length > 0 ? 'goto lose' : 'goto refuse';
  if (backends.length > 0) chains.push(translation(all, front, backends));
  if (local.length > 0 && (front.internalLocal || front.externalLocal))
    chains.push(translation(nearby, front, local));
  const inside = front.internalLocal ? local : backends;
  const key = keyOf(front.clusterAddress, protocol, front.port);
  if (inside.length > 0) put(dispatch, key, `goto ${front.internalLocal ? nearby : all}`);
  else put(refused, key, absence);
  if (front.nodePort === null) return;
  const keys = of.nodeAddresses.map((address) => keyOf(address, protocol, front.nodePort ?? 0));
  if (backends.length > 0) {
    chains.push(chain(outside, nodePortRules(front, of, all, local.length > 0 ? nearby : null)));
    for (const each of keys) put(dispatch, each, `goto ${outside}`);
  }
  const answering = front.externalLocal ? local : backends;
  if (answering.length === 0) for (const each of keys) put(refusedNodePorts, each, absence);
}

function addHostPort({ dispatch, chains }: Entries, hostPort: HostPort, of: FamilyPlan): void {
  const { protocol, port, at, backend } = hostPort;
  const keys = (at === null ? of.nodeAddresses : [at])
    .map((address) => keyOf(address, protocol, port))
    .filter((key) => !dispatch.has(key));
  if (keys.length === 0) return;
  const name = `host_port_${idOf(hostPort)}`;
  chains.push(translation(name, { ...hostPort, sticky: false }, [backend]));
  for (const key of keys) put(dispatch, key, `goto ${name}`);
}

/** The first keeps a place that two ask for, such as two pods with one hostPort: nft would refuse the table. */
function put(map: Map<string, string>, key: string, verdict: string): void {
  if (!map.has(key)) map.set(key, verdict);
}

const MARK = `meta mark set meta mark | ${MASQUERADE_MARK}`;

/** Local keeps the client's address, but for clients of the cluster it is as good as Cluster. */
function nodePortRules(
  front: Front,
  { header, podRanges }: FamilyPlan,
  all: string,
  nearby: string | null,
): readonly string[] {
  if (!front.externalLocal) return [MARK, `goto ${all}`];
  return [
    `${header} saddr { ${podRanges.join(', ')} } goto ${all}`,
    `fib saddr type local ${MARK} goto ${all}`,
    ...(nearby === null ? [] : [`goto ${nearby}`]),
  ];
}

/** Fixed: nft's default is a new one with every table, and a client would change its backend. */
const SEED = ' seed 0x5eed';

/** The chain that chooses a backend. */
function translation(
  name: string,
  { title, family, protocol, sticky }: Pick<Front, 'title' | 'family' | 'protocol' | 'sticky'>,
  backends: readonly Backend[],
): string {
  const header = family === 4 ? 'ip' : 'ip6';
  const [only] = backends;
  const target =
    backends.length === 1 && only !== undefined
      ? `${family === 4 ? only.address : `[${only.address}]`}:${only.port}`
      : `${sticky ? `jhash ${header} saddr` : 'numgen random'} mod ${backends.length}${sticky ? SEED : ''} map { ${backends
          .map(({ address, port }, index) => `${index} : ${address} . ${port}`)
          .join(', ')} }`;
  const comment = /^[a-z0-9./:-]{1,120}$/.test(title) ? ` comment "${title}"` : '';
  return chain(name, [`meta l4proto ${protocol.toLowerCase()} dnat ${header} to ${target}${comment}`]);
}

function keyOf(address: Address, protocol: Protocol, port: number): string {
  return `${address} . ${protocol.toLowerCase()} . ${port}`;
}

/** Names of users do not become names of chains. */
function idOf(what: Front | HostPort): string {
  const { title, family, protocol, port } = what;
  const meaning = JSON.stringify([title, family, protocol, port, 'at' in what ? what.at : null]);
  return createHash('sha256').update(meaning).digest('hex').slice(0, 12);
}
