/**
 * Frames that br_netfilter does not take for IP, and a receiver does: with a tag of VLAN 0 (or two), which
 * receivers take off and forget. And every other protocol than IP and ARP, on which no policy could be
 * judged, and ARP that carries more than ARP. A table of its own, since only the family `bridge` sees them;
 * by port, since the name of the bridge is not to be had there in every kernel (nft_meta_bridge).
 */
import type { Expression, Ruleset } from '../nft/objects.ts';
import { chainName, FRAME_TABLE } from './names.ts';
import { chain, drop, is, isNot, words } from './statements.ts';

/** Before br_netfilter (-1) and ebtables' filter (-200). */
const PRIORITY = -210;

/** 28 bytes, which an Ethernet card fills up to 46 and some leave a checksum behind. What is more is data. */
const LONGEST_ARP = 64;

/** `ports`: links by which pods hang on bridges; at least one. */
export function frameRules(ports: readonly string[]): Ruleset {
  const disguised = isNot({ kind: 'etherType' }, words('ip', 'arp', 'ip6'));
  const stuffedArp = [
    is({ kind: 'etherType' }, words('arp')),
    is({ kind: 'packetLength' }, { kind: 'ports', ranges: [{ first: LONGEST_ARP + 1, last: 65_535 }] }),
  ];
  const at = (left: Expression) =>
    ({ kind: 'match', left, op: '==', right: { kind: 'links', names: [...ports].sort() } }) as const;
  const hook = chain(
    chainName('frames_hook'),
    (['in', 'out'] as const).flatMap((direction) => [
      drop('not-ip-nor-arp', [at({ kind: 'link', direction }), disguised]),
      drop('more-than-arp', [at({ kind: 'link', direction }), ...stuffedArp]),
    ]),
    { type: 'filter', hook: 'forward', priority: PRIORITY, policy: 'accept' },
  );
  return { table: FRAME_TABLE, chains: new Map([[hook.name, hook]]), sets: new Map(), maps: new Map() };
}
