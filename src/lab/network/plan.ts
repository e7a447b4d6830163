import { createHash } from 'node:crypto';
import type { IpFamily } from '../supervisor/config.ts';
import type { Topology } from './topology.ts';

/**
 * Who has which address in a lab: fixed by the configuration, so that documentation and tests can name
 * them. The root is the lab's outermost namespace (API server, COMMAND); nodes and the external host hang
 * on it by routes, pods on their node.
 */
export interface LabPlan {
  readonly families: readonly LabFamily[];
  readonly topology: Topology;
  readonly root: Host;
  readonly external: Host;
  readonly nodes: readonly NodePlan[];
}

export type LabFamily = 4 | 6;

/** One address per family of the lab, in the order of `families`. */
export interface Host {
  readonly name: string;
  readonly addresses: readonly string[];
}

export interface NodePlan extends Host {
  readonly podCidrs: readonly string[];
  /** 1 for node-a: the number in its pods' addresses. */
  readonly number: number;
}

export const UNDERLAY_BRIDGE = 'underlay';
export const UNDERLAY_PREFIX_LENGTH: Readonly<Record<LabFamily, number>> = { 4: 16, 6: 64 };
export const EXTERNAL_NAME = 'external';
/** Where the root meets the external host. */
export const EXTERNAL_GATEWAY: Readonly<Record<LabFamily, string>> = {
  4: '203.0.113.1',
  6: '2001:db8:113::1',
};
export const EXTERNAL_PREFIX_LENGTH: Readonly<Record<LabFamily, number>> = { 4: 24, 6: 64 };
/** Where clouds hand out credentials: the external host answers there, to show that pods are kept from it. */
export const METADATA_ADDRESS: Readonly<Record<LabFamily, string>> = {
  4: '169.254.169.254',
  6: 'fd00:ec2::254',
};
/** The pods of a node in the bridge topology. Every node calls it the same, as container networks do. */
export const POD_BRIDGE = 'cni0';
/** A pod's prefix on that bridge: the node's whole range. */
export const POD_PREFIX_LENGTH: Readonly<Record<LabFamily, number>> = { 4: 24, 6: 64 };
/** The numbers of a node's pods; 1 is the bridge's, and the pods' gateway. */
export const POD_SLOTS = { gateway: 1, first: 2, last: 254 } as const;

export interface PlanOptions {
  readonly nodes: number;
  readonly ipFamily: IpFamily;
  readonly topology?: Topology;
}

/** All names and addresses of a lab: a pure function of its options. Nodes are node-a, node-b and so on. */
export function planLab(options: PlanOptions): LabPlan {
  const families = familiesOf(options.ipFamily);
  const host = (name: string, four: string, six: string): Host => ({
    name,
    addresses: families.map((family) => (family === 4 ? four : six)),
  });
  return {
    families,
    topology: options.topology ?? 'routed',
    root: host('root', '172.18.0.1', 'fd00:172:18::1'),
    external: host(EXTERNAL_NAME, '203.0.113.10', '2001:db8:113::10'),
    nodes: Array.from({ length: options.nodes }, (_, index) => {
      const number = index + 1;
      return {
        ...host(
          `node-${String.fromCharCode(97 + index)}`,
          `172.18.0.${number + 1}`,
          `fd00:172:18::${number + 1}`,
        ),
        number,
        podCidrs: families.map((family) =>
          family === 4 ? `10.244.${number}.0/24` : `fd00:10:244:${number}::/64`,
        ),
      };
    }),
  };
}

/** The addresses of a node's pod number `slot` (2..254); the same digits in both families. */
export function podAddresses(plan: LabPlan, node: NodePlan, slot: number): readonly string[] {
  return plan.families.map((family) =>
    family === 4 ? `10.244.${node.number}.${slot}` : `fd00:10:244:${node.number}::${slot}`,
  );
}

/** The first address of a node's pod range, per family. */
export function podGateways(plan: LabPlan, node: NodePlan): readonly string[] {
  return podAddresses(plan, node, POD_SLOTS.gateway);
}

/** Every address at which the node itself answers pods. */
export function hostAddresses(plan: LabPlan, node: NodePlan): readonly string[] {
  return plan.topology === 'bridge' ? [...node.addresses, ...podGateways(plan, node)] : node.addresses;
}

/** Locally administered; of the node's number and the pod's, so it comes back with its address. */
export function podMac(node: NodePlan, slot: number): string {
  return `02:00:0a:f4:${hex(node.number)}:${hex(slot)}`;
}

/** Kubernetes names hold no underscore, so this never meets a node's name; long ones end in a hash. */
export function podNamespaceName(namespace: string, name: string): string {
  const full = `${namespace}_${name}`;
  return full.length <= 100 ? full : `${full.slice(0, 80)}_${digest(full, 12)}`;
}

/** A pod's interface on its node: at most 15 characters. */
export function podLinkName(namespace: string, name: string): string {
  return `pod${digest(`${namespace}/${name}`, 12)}`;
}

/** Of an address or prefix as text, not checked. */
export function familyOfHost(address: string): LabFamily {
  return address.includes(':') ? 6 : 4;
}

/** `/32` or `/128`. */
export function hostPrefix(address: string): string {
  return `${address}/${familyOfHost(address) === 4 ? 32 : 128}`;
}

function familiesOf(ipFamily: IpFamily): readonly LabFamily[] {
  switch (ipFamily) {
    case 'ipv4':
      return [4];
    case 'ipv6':
      return [6];
    case 'dual':
      return [4, 6];
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
