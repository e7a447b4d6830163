import {
  familyOfHost,
  type LabPlan,
  type NodePlan,
  POD_BRIDGE,
  POD_PREFIX_LENGTH,
  POD_SLOTS,
  podGateways,
  podMac,
} from './plan.ts';
import type { PodVeth, VethEnds } from './veth-ends.ts';

/**
 * A node's bridge for its pods, which carries the first address of their range. Its MAC is fixed: otherwise
 * it is the lowest of its ports', and changes when pods come and go. Whether its frames pass netfilter is
 * left as the machine has it, since to see to that is policyd's part. Multicast snooping is left on, the
 * kernel's default and docker's: with no querier about, neighbour solicitations are flooded as they must be.
 */
export function podBridge(plan: LabPlan, node: NodePlan): readonly string[] {
  return [
    `link add ${POD_BRIDGE} address ${podMac(node, POD_SLOTS.gateway)} type bridge stp_state 0`,
    `link set ${POD_BRIDGE} up`,
    ...podGateways(plan, node).map((gateway) => addressOn(POD_BRIDGE, gateway)),
  ];
}

/**
 * A port of that bridge. Nobody's neighbours are entered: ARP and neighbour discovery are part of what is
 * tested. hairpin lets a pod reach itself through a Service, when the frame leaves by the port it came from.
 */
export function bridgedVeth({ device, addresses }: PodVeth, gateways: readonly string[]): VethEnds {
  return {
    nodeEnd: [],
    onNode: [
      ...(addresses.some((address) => familyOfHost(address) === 6)
        ? [`link set ${device} addrgenmode none`]
        : []),
      `link set ${device} master ${POD_BRIDGE}`,
      `link set ${device} type bridge_slave hairpin on`,
      `link set ${device} up`,
    ],
    inPod: [
      ...addresses.map((address) => addressOn('eth0', address)),
      ...gateways.map((gateway) => `route add default via ${gateway} dev eth0`),
    ],
  };
}

function addressOn(device: string, address: string): string {
  const family = familyOfHost(address);
  return `addr add ${address}/${POD_PREFIX_LENGTH[family]} dev ${device}${family === 6 ? ' nodad' : ''}`;
}
