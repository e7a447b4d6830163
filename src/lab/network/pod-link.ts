import { bridgedVeth } from './bridge.ts';
import { familyOfHost } from './plan.ts';
import { routedVeth } from './routed.ts';
import { Script } from './script.ts';
import { hostSysctls } from './sysctls.ts';
import type { PodVeth } from './veth-ends.ts';

/** A pod's network namespace and the veth that connects it to its node. */
export interface PodLink extends PodVeth {
  readonly node: string;
  readonly netns: string;
  /** The bridge's addresses, one a family, in the bridge topology; null in the routed one. */
  readonly gateways: readonly string[] | null;
}

/** Makes the pod's network namespace, the veth and its routes; LAB_FAILED names the pod and what `ip` said. */
export async function addPodLink(link: PodLink): Promise<void> {
  await addPodLinkScript(link).run(`cannot connect ${link.netns} to ${link.node}`);
}

/** What `addPodLink` runs. */
export function addPodLinkScript(link: PodLink): Script {
  const { gateways } = link;
  const ends = gateways === null ? routedVeth(link) : bridgedVeth(link, gateways);
  return new Script()
    .ip(null, [`netns add ${link.netns}`])
    .sysctl(link.netns, hostSysctls(link.addresses.map(familyOfHost)))
    .ip(null, [
      [
        `link add ${link.device} netns ${link.node}`,
        ...ends.nodeEnd,
        `type veth peer name eth0 address ${link.mac} netns ${link.netns}`,
      ].join(' '),
    ])
    .ip(link.node, ends.onNode)
    .ip(link.netns, ['link set lo up', 'link set eth0 up', ...ends.inPod]);
}

/** Whether the node's end of the veth is there. Never rejects. */
export async function hasPodLink({ node, device }: Pick<PodLink, 'node' | 'device'>): Promise<boolean> {
  return await new Script()
    .ip(node, [`link show dev ${device}`])
    .run('')
    .then(
      () => true,
      () => false,
    );
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
