import { createHash } from 'node:crypto';
import type { Address, Family } from '../../model/address.ts';
import type { Protocol } from '../../model/protocol.ts';
import type { LabPlan, NodePlan } from '../network/plan.ts';
import type { Backend, Front, HostPort } from './front.ts';

export const PROXY_TABLE = 'lab_proxy';

/** kube-proxy's mark for "masquerade this connection"; policyd needs no marks. */
const MASQUERADE_MARK = '0x4000';

/** What one node forwards, family by family. */
interface Family4Or6 {
  readonly family: Family;
  /** `ip` or `ip6`. */
  readonly header: string;
  readonly addressType: string;
  readonly podRanges: readonly string[];
  readonly serviceRange: string | null;
  readonly nodeAddresses: readonly Address[];
}

export interface TableInput {
  readonly plan: LabPlan;
  readonly node: NodePlan;
  /** Where ClusterIPs are from, one range per family. */
  readonly serviceRanges: readonly string[];
  readonly fronts: readonly Front[];
  /** Of all nodes. */
  readonly hostPorts: readonly HostPort[];
}

/**
 * The whole table of one node as one nft transaction that replaces what was there. The shape is that of
 * kube-proxy's nftables mode: verdict maps from (address, protocol, port) to a chain per Service port, the
 * refusal of Services without endpoints in filter hooks before NAT. For equal input the text is equal.
 */
export function proxyTable(input: TableInput): string {
  const parts = familiesOf(input).map((family) => forwarding(input, family));
  const chains = [
    ...parts.flatMap((part) => part.chains),
    chain('refuse', ['reject']),
    chain('lose', ['drop']),
    chain(
      'services',
      parts.flatMap((part) => part.services),
    ),
    chain(
      'check_services',
      parts.flatMap((part) => part.checks),
    ),
    chain(
      'check_node_ports',
      parts.flatMap((part) => part.nodePortChecks),
    ),
    chain(
      'check_addresses',
      parts.flatMap((part) => part.addressChecks),
    ),
    hook('nat_prerouting', 'nat hook prerouting priority -100', ['jump services']),
    hook('nat_output', 'nat hook output priority -100', ['jump services']),
    hook('nat_postrouting', 'nat hook postrouting priority 100', [
      ...parts.flatMap((part) => part.hairpins),
      `meta mark & ${MASQUERADE_MARK} != 0 meta mark set meta mark ^ ${MASQUERADE_MARK} masquerade fully-random`,
    ]),
    // reject is not possible in prerouting, so each way on has its own check, before NAT as in kube-proxy.
    hook('filter_input', 'filter hook input priority -110', [
      'ct state new jump check_node_ports',
      'ct state new jump check_services',
    ]),
    hook('filter_forward', 'filter hook forward priority -110', [
      'ct state new jump check_services',
      'ct state new jump check_addresses',
    ]),
    hook('filter_output', 'filter hook output priority -110', ['ct state new jump check_services']),
    hook('filter_output_late', 'filter hook output priority -90', ['ct state new jump check_addresses']),
  ];
  return [
    `table inet ${PROXY_TABLE}`,
    `delete table inet ${PROXY_TABLE}`,
    `table inet ${PROXY_TABLE} {`,
    ...parts.flatMap((part) => part.sets),
    ...chains,
    '}',
    '',
  ].join('\n');
}

interface Forwarding {
  readonly sets: readonly string[];
  readonly chains: readonly string[];
  readonly services: readonly string[];
  readonly checks: readonly string[];
  readonly nodePortChecks: readonly string[];
  readonly addressChecks: readonly string[];
  readonly hairpins: readonly string[];
}

function forwarding({ node, fronts, hostPorts }: TableInput, of: Family4Or6): Forwarding {
  const { family, header, addressType } = of;
  const dispatch = new Map<string, string>();
  const refused = new Map<string, string>();
  const refusedNodePorts = new Map<string, string>();
  const chains: string[] = [];
  const put = (map: Map<string, string>, key: string, verdict: string): void => {
    // Two pods with one hostPort: the first keeps it, and nft does not refuse the table.
    if (!map.has(key)) map.set(key, verdict);
  };
  const here = fronts.filter((front) => front.family === family);
  for (const front of here) {
    const local = front.backends.filter((backend) => backend.node === node.name);
    const inside = front.internalLocal ? local : front.backends;
    const id = idOf(front);
    const [all, nearby, outside] = [`all_${id}`, `local_${id}`, `node_port_${id}`];
    const key = keyOf(front.clusterAddress, front.protocol, front.port);
    if (front.backends.length > 0) chains.push(translation(all, front, front.backends));
    if (local.length > 0 && (front.internalLocal || front.externalLocal))
      chains.push(translation(nearby, front, local));
    if (inside.length > 0) put(dispatch, key, `goto ${front.internalLocal ? nearby : all}`);
    else put(refused, key, `goto ${front.backends.length > 0 ? 'lose' : 'refuse'}`);
    if (front.nodePort === null) continue;
    const keys = of.nodeAddresses.map((address) => keyOf(address, front.protocol, front.nodePort ?? 0));
    const answer = front.externalLocal ? local : front.backends;
    if (front.backends.length > 0) {
      chains.push(chain(outside, nodePortRules(front, of, all, local.length > 0 ? nearby : null)));
      for (const each of keys) put(dispatch, each, `goto ${outside}`);
    }
    if (answer.length > 0) continue;
    for (const each of keys)
      put(refusedNodePorts, each, `goto ${front.backends.length > 0 ? 'lose' : 'refuse'}`);
  }
  const mine = hostPorts.filter((each) => each.node === node.name && each.family === family);
  for (const hostPort of mine) {
    const name = `host_port_${idOf(hostPort)}`;
    const addresses = hostPort.at === null ? of.nodeAddresses : [hostPort.at];
    const keys = addresses.map((address) => keyOf(address, hostPort.protocol, hostPort.port));
    if (keys.every((key) => dispatch.has(key))) continue;
    chains.push(translation(name, { ...hostPort, sticky: false }, [hostPort.backend]));
    for (const key of keys) put(dispatch, key, `goto ${name}`);
  }
  const selves = [...here.flatMap((front) => front.backends), ...mine.map(({ backend }) => backend)]
    .filter((backend) => backend.node === node.name)
    .map(({ address }) => `${address} . ${address}`);
  const keyType = `type ${addressType} . inet_proto . inet_service : verdict`;
  const key = `${header} daddr . meta l4proto . th dport`;
  const clusterAddresses = here.map((front) => front.clusterAddress);
  return {
    sets: [
      set('map', `dispatch${family}`, keyType, [...dispatch].map(element)),
      set('map', `refused${family}`, keyType, [...refused].map(element)),
      set('map', `refused_node_ports${family}`, keyType, [...refusedNodePorts].map(element)),
      set('set', `cluster_ips${family}`, `type ${addressType}`, clusterAddresses),
      set('set', `self${family}`, `type ${addressType} . ${addressType}`, selves),
    ],
    chains,
    services: [
      // Whoever routes to a ClusterIP from outside the pods gets the answer back through this node.
      `${header} daddr @cluster_ips${family} ${header} saddr != { ${of.podRanges.join(', ')} } ${MARK}`,
      `${key} vmap @dispatch${family}`,
    ],
    checks: [`${key} vmap @refused${family}`],
    nodePortChecks: [`${key} vmap @refused_node_ports${family}`],
    addressChecks: [
      `${header} daddr @cluster_ips${family} reject`,
      ...(of.serviceRange === null ? [] : [`${header} daddr ${of.serviceRange} drop`]),
    ],
    // A pod that reached itself must answer to somebody else, or its answer never leaves it.
    hairpins: [`${header} saddr . ${header} daddr @self${family} masquerade fully-random`],
  };
}

const MARK = `meta mark set meta mark | ${MASQUERADE_MARK}`;

/** Local keeps the client's address, but for clients of the cluster it is as good as Cluster. */
function nodePortRules(
  front: Front,
  { header, podRanges }: Family4Or6,
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

/** The chain that chooses a backend. */
function translation(
  name: string,
  { title, family, protocol, sticky }: Pick<Front, 'title' | 'family' | 'protocol' | 'sticky'>,
  backends: readonly Backend[],
): string {
  const header = family === 4 ? 'ip' : 'ip6';
  const [only] = backends;
  const choice = sticky ? `jhash ${header} saddr` : 'numgen random';
  const target =
    backends.length === 1 && only !== undefined
      ? `${family === 4 ? only.address : `[${only.address}]`}:${only.port}`
      : `${choice} mod ${backends.length} map { ${backends
          .map(({ address, port }, index) => `${index} : ${address} . ${port}`)
          .join(', ')} }`;
  const comment = /^[a-z0-9./:-]{1,120}$/.test(title) ? ` comment "${title}"` : '';
  return chain(name, [`meta l4proto ${protocol.toLowerCase()} dnat ${header} to ${target}${comment}`]);
}

function familiesOf({ plan, node, serviceRanges }: TableInput): readonly Family4Or6[] {
  return plan.families.map((family) => ({
    family,
    header: family === 4 ? 'ip' : 'ip6',
    addressType: family === 4 ? 'ipv4_addr' : 'ipv6_addr',
    podRanges: plan.nodes.flatMap(({ podCidrs }) => podCidrs).filter((cidr) => isOf(family, cidr)),
    serviceRange: serviceRanges.find((range) => isOf(family, range)) ?? null,
    nodeAddresses: node.addresses.filter((address): address is Address => isOf(family, address)),
  }));
}

function isOf(family: Family, text: string): boolean {
  return text.includes(':') === (family === 6);
}

function keyOf(address: Address, protocol: Protocol, port: number): string {
  return `${address} . ${protocol.toLowerCase()} . ${port}`;
}

/** Names of users do not become names of chains. */
function idOf({
  title,
  family,
  protocol,
  port,
}: Pick<Front, 'title' | 'family' | 'protocol' | 'port'>): string {
  const meaning = JSON.stringify([title, family, protocol, port]);
  return createHash('sha256').update(meaning).digest('hex').slice(0, 12);
}

function element([key, verdict]: readonly [string, string]): string {
  return `${key} : ${verdict}`;
}

function set(kind: 'map' | 'set', name: string, type: string, elements: readonly string[]): string {
  const unique = [...new Set(elements)].sort();
  const filled = unique.length === 0 ? '' : `; elements = { ${unique.join(', ')} }`;
  return ` ${kind} ${name} { ${type}${filled}; }`;
}

function chain(name: string, rules: readonly string[]): string {
  return [` chain ${name} {`, ...rules.map((rule) => `  ${rule}`), ' }'].join('\n');
}

function hook(name: string, place: string, rules: readonly string[]): string {
  return chain(name, [`type ${place}; policy accept;`, ...rules]);
}
