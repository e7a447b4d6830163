/**
 * Which bridges carry this node's pods: those that hold an address of the node's pod ranges, and those that
 * lead to a local pod outside of them. Pure.
 */
import type { Address, Cidr } from '../model/address.ts';
import { cidrContains, strictlyContains } from '../net/cidr.ts';
import type { Link } from './link.ts';
import type { PodBridge } from './pod-bridge.ts';
import type { PodPlaces } from './pod-ranges.ts';

export interface FoundBridge extends PodBridge {
  /** False: it may be a bridge, which cannot be seen. */
  readonly certain: boolean;
  /** Ports on which pods may hang. */
  readonly ports: readonly string[];
}

/** Sorted by name. `linkTo`: the link by which an address is reached; null: none is known. */
export function podBridges(
  links: readonly Link[],
  { ranges, strays }: PodPlaces,
  linkTo: (address: Address) => string | null,
): readonly FoundBridge[] {
  const ways = new Set(strays.map(linkTo));
  return links
    .flatMap(({ name, addresses, kind, ports }): readonly FoundBridge[] => {
      const inRange = addresses.some(({ address }) => ranges.some((range) => cidrContains(range, address)));
      if (!inRange && !ways.has(name)) return [];
      const subnets = disjoint([...addresses.map(({ subnet }) => subnet), ...(inRange ? ranges : [])]);
      return [{ name, subnets, closed: inRange && kind === 'closed', certain: kind !== 'unseen', ports }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Without those that lie in others, each once, sorted. */
function disjoint(cidrs: readonly Cidr[]): readonly Cidr[] {
  const distinct = [...new Set(cidrs)].sort();
  return distinct.filter((cidr) => !distinct.some((other) => strictlyContains(other, cidr)));
}
