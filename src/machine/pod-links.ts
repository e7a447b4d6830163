/** By which links this node's pods send, and by which packets come from elsewhere. Pure. */
import type { Address } from '../model/address.ts';
import { cidrContains } from '../net/cidr.ts';
import type { FoundBridge } from './pod-bridges.ts';
import type { PodPlaces } from './pod-ranges.ts';

export interface LinkFacts {
  /** Of addresses with a route of their own, and of pods that are looked for. */
  readonly routes: ReadonlyMap<Address, string>;
  /** Names of all bridges, with pods or not. */
  readonly bridges: ReadonlySet<string>;
  readonly podBridges: readonly FoundBridge[];
}

/**
 * Veths that a host route of a pod range, or of a local pod, leads to, and bridges that have pods alone as ports;
 * sorted. A route is there before the address is known to anybody else, so that a new pod is not missed. Without
 * the links of `forwarders`, addresses of pods that send for others; one on a bridge frees the bridge, since by
 * which of its ports a packet came is not seen.
 */
export function podLinks(
  { routes, bridges, podBridges }: LinkFacts,
  { ranges, strays }: PodPlaces,
  forwarders: readonly Address[],
): readonly string[] {
  const own = new Set(strays);
  const isPods = (address: Address): boolean =>
    own.has(address) || ranges.some((range) => cidrContains(range, address));
  const veths = [...routes].flatMap(([address, link]) =>
    !bridges.has(link) && isPods(address) ? [link] : [],
  );
  const freed = new Set(forwarders.map((address) => routes.get(address)));
  const onBridge = forwarders.some((address) => {
    const link = routes.get(address);
    return link === undefined || bridges.has(link);
  });
  const closed = onBridge ? [] : podBridges.flatMap(({ name, closed: alone }) => (alone ? [name] : []));
  return [...new Set([...veths.filter((link) => !freed.has(link)), ...closed])].sort();
}
