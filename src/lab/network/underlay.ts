import { podBridge } from './bridge.ts';
import {
  EXTERNAL_GATEWAY,
  EXTERNAL_PREFIX_LENGTH,
  familyOfHost,
  hostPrefix,
  type LabPlan,
  METADATA_ADDRESS,
  type NodePlan,
  UNDERLAY_BRIDGE,
  UNDERLAY_PREFIX_LENGTH,
} from './plan.ts';
import { Script } from './script.ts';
import { hostSysctls, routerSysctls } from './sysctls.ts';

/**
 * Everything but pods: a bridge in the root on which the nodes hang, the external host behind the root,
 * and routes to every node's pod range in root and nodes. No NAT anywhere: sources stay who they are.
 */
export async function buildUnderlay(plan: LabPlan): Promise<void> {
  await underlayScript(plan).run('cannot build the underlay');
}

/** What `buildUnderlay` runs. */
export function underlayScript(plan: LabPlan): Script {
  const external = plan.external.name;
  const script = new Script()
    .sysctl(null, routerSysctls(plan.families))
    .ip(null, [
      'link set lo up',
      `link add ${UNDERLAY_BRIDGE} type bridge mcast_snooping 0 stp_state 0`,
      `link set ${UNDERLAY_BRIDGE} up`,
      ...[...plan.nodes, plan.external].map((host) => `netns add ${host.name}`),
    ]);
  for (const node of plan.nodes) script.sysctl(node.name, routerSysctls(plan.families));
  script.sysctl(external, hostSysctls(plan.families));
  script.ip(null, [
    ...plan.nodes.flatMap((node) => [
      `link add ${node.name} type veth peer name eth0 netns ${node.name}`,
      `link set ${node.name} master ${UNDERLAY_BRIDGE} up`,
    ]),
    `link add ${external} type veth peer name eth0 netns ${external}`,
    `link set ${external} up`,
    ...plan.root.addresses.map((address) => underlayAddress(address, UNDERLAY_BRIDGE)),
    ...plan.families.map(
      (family) =>
        `addr add ${EXTERNAL_GATEWAY[family]}/${EXTERNAL_PREFIX_LENGTH[family]} dev ${external}${family === 6 ? ' nodad' : ''}`,
    ),
    ...plan.external.addresses.map(
      (address) => `route add ${hostPrefix(METADATA_ADDRESS[familyOfHost(address)])} via ${address}`,
    ),
    ...podRoutes(plan, null),
  ]);
  for (const node of plan.nodes) {
    script.ip(node.name, [
      'link set lo up',
      'link set eth0 up',
      ...node.addresses.map((address) => underlayAddress(address, 'eth0')),
      ...plan.root.addresses.map((address) => `route add default via ${address}`),
      ...podRange(plan, node),
      ...podRoutes(plan, node.name),
    ]);
  }
  return script.ip(external, [
    'link set lo up',
    'link set eth0 up',
    ...plan.external.addresses.map((address) => {
      const family = familyOfHost(address);
      return `addr add ${address}/${EXTERNAL_PREFIX_LENGTH[family]} dev eth0${family === 6 ? ' nodad' : ''}`;
    }),
    // On lo, so that no connection of the external host's own takes it for its source.
    ...plan.families.map((family) => `addr add ${hostPrefix(METADATA_ADDRESS[family])} dev lo`),
    ...plan.families.map((family) => `route add default via ${EXTERNAL_GATEWAY[family]}`),
  ]);
}

function podRange(plan: LabPlan, node: NodePlan): readonly string[] {
  switch (plan.topology) {
    case 'routed':
      // An address nobody has must not travel back to the root, and from there here again.
      return node.podCidrs.map((cidr) => `route add blackhole ${cidr}`);
    case 'bridge':
      return podBridge(plan, node);
  }
}

function underlayAddress(address: string, device: string): string {
  const family = familyOfHost(address);
  return `addr add ${address}/${UNDERLAY_PREFIX_LENGTH[family]} dev ${device}${family === 6 ? ' nodad' : ''}`;
}

/** To the pod ranges of every node but the one named. */
function podRoutes(plan: LabPlan, except: string | null): readonly string[] {
  return plan.nodes
    .filter((node) => node.name !== except)
    .flatMap((node) =>
      node.podCidrs.map((cidr, index) => `route add ${cidr} via ${node.addresses[index] ?? ''}`),
    );
}
