/**
 * The hooks that a packet meets on its way through a node, in the kernel's order, and what the packet is like
 * in each. Where functions of the kernel's own change what chains see (conntrack, NAT, br_netfilter), a hook
 * comes as several stops, before and after them. All of it is tested against a kernel (datapath 1.2).
 *
 * br_netfilter (br_netfilter_hooks.c) takes IP out of the hooks of bridge, through those of inet, and back: in
 * prerouting and in forward at priority 0 (NF_BR_PRI_BRNF), in forward of kernels up to 6.6 at -1. So a chain of
 * bridge forward below -1 runs before inet forward, and one above 0 after it; of those at -1 and 0 some kernels
 * leave out some (br_nf_hook_thresh): none of ours stands there, and `walk` refuses one that does. A packet that
 * a bridge hands up to its node has passed inet prerouting, and does not pass it again (ip_sabotage_in).
 */
import type { BaseHook, TableFamily } from './objects.ts';
import type { Packet } from './packet.ts';
import type { View } from './packet-view.ts';

export interface Stop {
  readonly family: TableFamily;
  readonly hook: BaseHook['hook'];
  readonly view: View;
  /** Chains of priorities between the two meet the packet here. Both are the kernel's own, unless infinite. */
  readonly after: number;
  readonly before: number;
}

type Links = View['links'];
type Progress = Pick<View, 'header' | 'tracked'>;

const UNSEEN: Progress = { header: 'sent', tracked: false };
const TRACKED: Progress = { header: 'sent', tracked: true };
const JUDGED: Progress = { header: 'judged', tracked: true };
const LEFT: Progress = { header: 'left', tracked: true };

/** In prerouting and output of inet (netfilter_ipv4.h, netfilter_ipv6.h). */
const CONNTRACK = -200;
const DNAT = -100;
const BR_NETFILTER = 0;
const BR_NETFILTER_FORWARD = { first: -1, last: 0 } as const;

/** Every one there is on the way, whether or not somebody has a chain there. */
export function stopsOf(packet: Packet): readonly Stop[] {
  const { way = 'routed', links: { in: into, out } = { in: '', out: '' } } = packet;
  switch (way) {
    case 'routed':
      return [...arrival(packet), stop('inet', 'forward', JUDGED, { in: into, out }), ...departure(packet)];
    case 'bridged':
      return [...arrival(packet), ...acrossBridge(packet, { in: into, out })];
    case 'to-node':
      return [...arrival(packet), stop('inet', 'input', JUDGED, { in: into, out: '' })];
    case 'from-node':
      return [...tracking('output', { in: '', out }, 0), ...departure(packet)];
  }
}

function stop(
  family: TableFamily,
  hook: BaseHook['hook'],
  progress: Progress,
  links: Links,
  { hops = 0, after = -Infinity, before = Infinity }: Partial<Pick<View, 'hops'> & Omit<Stop, 'view'>> = {},
): Stop {
  return { family, hook, view: { ...progress, hops, links }, after, before };
}

/** A hook of inet in which conntrack and DNAT have their turn. */
function tracking(hook: 'prerouting' | 'output', links: Links, hops: View['hops']): readonly Stop[] {
  return [
    stop('inet', hook, UNSEEN, links, { hops, before: CONNTRACK }),
    stop('inet', hook, TRACKED, links, { hops, after: CONNTRACK, before: DNAT }),
    stop('inet', hook, JUDGED, links, { hops, after: DNAT }),
  ];
}

/** From a link into the node, up to where it is decided what becomes of the packet. */
function arrival(packet: Packet): readonly Stop[] {
  const { way = 'routed' } = packet;
  const hops = way === 'routed' ? 1 : 0;
  const link = { in: packet.links?.in ?? '', out: '' };
  const prerouting = tracking('prerouting', link, hops);
  const { in: name } = portsOf(packet);
  if (name === null) return [stop('netdev', 'ingress', UNSEEN, link, { hops }), ...prerouting];
  const port = { in: name, out: '' };
  return [
    stop('netdev', 'ingress', UNSEEN, port, { hops }),
    stop('bridge', 'prerouting', UNSEEN, port, { hops, before: BR_NETFILTER }),
    ...prerouting,
    stop('bridge', 'prerouting', JUDGED, port, { hops, after: BR_NETFILTER }),
    // What a bridge hands up to its node comes from a link once more: from the bridge.
    ...(way === 'bridged' ? [] : [stop('netdev', 'ingress', JUDGED, link, { hops })]),
  ];
}

function acrossBridge(packet: Packet, links: Links): readonly Stop[] {
  const { in: into, out } = portsOf(packet);
  const ports = { in: into ?? '', out: out ?? '' };
  const { first, last } = BR_NETFILTER_FORWARD;
  return [
    stop('bridge', 'forward', JUDGED, ports, { before: first }),
    stop('inet', 'forward', JUDGED, links),
    stop('bridge', 'forward', JUDGED, ports, { after: last }),
    // br_netfilter hands it to inet postrouting last of all here, where masquerade is.
    stop('bridge', 'postrouting', JUDGED, { ...ports, in: '' }),
  ];
}

/** By a bridge to one of its ports; what the node routes or sends is masqueraded before. */
function departure(packet: Packet): readonly Stop[] {
  const { out } = portsOf(packet);
  return out === null ? [] : [stop('bridge', 'postrouting', LEFT, { in: '', out })];
}

/** What is bridged has two, whatever their names. */
function portsOf({ way, bridgePorts }: Packet): NonNullable<Packet['bridgePorts']> {
  if (way !== 'bridged') return bridgePorts ?? { in: null, out: null };
  return { in: bridgePorts?.in ?? '', out: bridgePorts?.out ?? '' };
}
