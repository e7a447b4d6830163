import { familyOfHost, hostPrefix, type LabFamily, POD_GATEWAY, POD_GATEWAY_MAC } from './plan.ts';
import { Script } from './script.ts';
import { hostSysctls } from './sysctls.ts';

/** A pod's network namespace and its veth, in the routed topology: host routes, no bridge. */
export interface PodLink {
  readonly node: string;
  readonly netns: string;
  /** The name on the node; inside the pod it is eth0. */
  readonly device: string;
  /** Locally administered, unique on the node. */
  readonly mac: string;
  readonly addresses: readonly string[];
}

/**
 * Both ends know each other's MAC beforehand: a lab of hundreds of pods would otherwise fill the
 * machine-wide neighbour table, whose limits no namespace can raise.
 */
export async function addPodLink(link: PodLink): Promise<void> {
  await addPodLinkScript(link).run(`cannot connect ${link.netns} to ${link.node}`);
}

export function addPodLinkScript(link: PodLink): Script {
  const families: readonly LabFamily[] = link.addresses.map(familyOfHost);
  return new Script()
    .ip(null, [`netns add ${link.netns}`])
    .sysctl(link.netns, hostSysctls(families))
    .ip(null, [
      `link add ${link.device} netns ${link.node} address ${POD_GATEWAY_MAC} type veth peer name eth0 address ${link.mac} netns ${link.netns}`,
    ])
    .ip(link.node, [
      ...(families.includes(6) ? [`link set ${link.device} addrgenmode none`] : []),
      `link set ${link.device} up`,
      ...(families.includes(6) ? [`addr add ${POD_GATEWAY[6]}/64 dev ${link.device} nodad`] : []),
      ...link.addresses.flatMap((address) => [
        `route add ${hostPrefix(address)} dev ${link.device}`,
        `neigh replace ${address} lladdr ${link.mac} dev ${link.device} nud permanent`,
      ]),
    ])
    .ip(link.netns, [
      'link set lo up',
      'link set eth0 up',
      ...link.addresses.flatMap((address) => {
        const family = familyOfHost(address);
        const gateway = POD_GATEWAY[family];
        return [
          `addr add ${hostPrefix(address)} dev eth0${family === 6 ? ' nodad' : ''}`,
          `neigh replace ${gateway} lladdr ${POD_GATEWAY_MAC} dev eth0 nud permanent`,
          ...(family === 4 ? [`route add ${gateway} dev eth0 scope link`] : []),
          `route add default via ${gateway} dev eth0`,
        ];
      }),
    ]);
}

/**
 * The node's end is deleted first and by name: with the namespace alone it goes some time later, and its
 * routes with it. Succeeds when there is nothing to remove.
 */
export async function removePodLink(link: Pick<PodLink, 'node' | 'netns' | 'device'>): Promise<void> {
  await new Script()
    .tolerant()
    .ip(link.node, [`link del ${link.device}`])
    .ip(null, [`netns del ${link.netns}`])
    .run(`cannot remove ${link.netns}`);
}
