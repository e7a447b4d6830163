import type { Address, Family } from '../../model/address.ts';
import type { LabPlan, NodePlan } from '../network/plan.ts';
import { type FamilyPlan, forwarding, MASQUERADE_MARK } from './forwarding.ts';
import type { Front, HostPort } from './front.ts';
import { chain, hook } from './text.ts';

export const PROXY_TABLE = 'lab_proxy';

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
  const parts = familiesOf(input).map((family) => forwarding({ ...input, node: input.node.name }, family));
  const chains = [
    ...parts.flatMap((part) => part.chains),
    // A reset, where kube-proxy has only the ICMP error: on veths that arrives while connect() still holds the
    // socket, and the kernel then waits for the next SYN, a second later (measured with IPv6).
    chain('refuse', ['meta l4proto tcp reject with tcp reset', 'reject']),
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

function familiesOf({ plan, node, serviceRanges }: TableInput): readonly FamilyPlan[] {
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
