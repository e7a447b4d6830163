/**
 * The ends of a flow, and what is known of their addresses: one address for sure, or any of some ranges
 * with a stand-in for evaluation. No decision may rest on a stand-in.
 */
import { type Address, type Cidr, type Family, familyOf } from '../model/address.ts';
import { type Node, type Pod, podKey } from '../model/cluster.ts';
import { addressFrom, parseAddress } from '../net/address.ts';
import { cidrRange, everything } from '../net/cidr.ts';
import { type AddressRange, subtractRanges } from '../net/range.ts';
import { ownerOf } from '../policy/owner.ts';
import type { World } from './world.ts';

export type End =
  | { readonly kind: 'pod'; readonly pod: Pod }
  | { readonly kind: 'node'; readonly node: Node }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'internet' };

export interface Place {
  readonly family: Family;
  readonly address: Address;
  /** null: `address` is the real one; else the real one is somewhere in here. */
  readonly among: readonly AddressRange[] | null;
}

/** One per address family. */
export function placesOf(world: World, end: End): readonly Place[] {
  switch (end.kind) {
    case 'pod':
      return podPlaces(world, end.pod);
    case 'node':
      return orAnywhere(firstOfEach(end.node.addresses));
    case 'address':
      return [exact(end.address)];
    case 'internet':
      return internetPlaces(world);
  }
}

function podPlaces(world: World, pod: Pod): readonly Place[] {
  if (!world.standIns.has(podKey(pod.namespace, pod.name))) {
    // An address that was given to another pod since is that pod's, also for the kernel.
    if (!pod.hostNetwork)
      return firstOfEach(pod.addresses.filter((each) => ownerOf(world.snapshot, each) === pod));
    if (pod.addresses.length > 0) return firstOfEach(pod.addresses);
    return orAnywhere(firstOfEach(nodeOf(world, pod)?.addresses ?? []));
  }
  const ranges = podRanges(world, pod);
  return firstOfEach(pod.addresses).map((place) => {
    const among = ranges.filter((range) => range.family === place.family);
    return {
      ...place,
      among: among.length > 0 ? among : POD_ADDRESSES.filter(({ family }) => family === place.family),
    };
  });
}

/** A host whose address nobody knows may have any. */
function orAnywhere(places: readonly Place[]): readonly Place[] {
  if (places.length > 0) return places;
  return ([4, 6] as const).map((family) => {
    const among = [cidrRange(everything(family))];
    return { family, address: addressFrom(family, (among[0]?.last ?? 1n) - 1n), among };
  });
}

/** null: none is named, or nobody describes it. */
export function nodeOf(world: World, pod: Pod): Node | null {
  return pod.node === null ? null : (world.snapshot.nodes.get(pod.node) ?? null);
}

/** Where the addresses of a pod without one will come from: its node's ranges, or anybody's. */
function podRanges(world: World, pod: Pod): readonly AddressRange[] {
  const own = nodeOf(world, pod)?.podCidrs ?? [];
  if (own.length > 0) return own.map(cidrRange);
  const nodes = [...world.snapshot.nodes.values()];
  if (nodes.length === 0 || nodes.some((node) => node.podCidrs.length === 0)) return [];
  return nodes.flatMap((node) => node.podCidrs.map(cidrRange));
}

function exact(address: Address): Place {
  return { family: familyOf(address), address, among: null };
}

function firstOfEach(addresses: readonly Address[]): readonly Place[] {
  const found = new Map<Family, Place>();
  for (const address of addresses) {
    const family = familyOf(address);
    if (!found.has(family)) found.set(family, exact(address));
  }
  return [...found.values()].sort((a, b) => a.family - b.family);
}

/** Loopback, private, shared, link-local, multicast, reserved (IANA special-purpose registries). */
const NOT_PUBLIC: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
];

/** No EndpointSlice takes these (Kubernetes' ValidateNonSpecialIP), so no pod has one. */
const NOT_A_PODS: readonly string[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '::/127',
  'fe80::/10',
  'ff00::/8',
];

const POD_ADDRESSES: readonly AddressRange[] = subtractRanges(
  [cidrRange(everything(4)), cidrRange(everything(6))],
  NOT_A_PODS.map((text) => cidrRange(text as Cidr)),
);

const PUBLIC: readonly AddressRange[] = [
  ...subtractRanges(
    [cidrRange(everything(4))],
    NOT_PUBLIC.map((text) => cidrRange(text as Cidr)),
  ),
  cidrRange('2000::/3' as Cidr),
];

function internetPlaces(world: World): readonly Place[] {
  const known = world.internet.flatMap((text) => parseAddress(text) ?? []);
  if (known.length > 0) return firstOfEach(known);
  // The cluster's own ranges may be public ones: they are not the internet.
  const own = [...world.snapshot.nodes.values()].flatMap((node) => node.podCidrs.map(cidrRange));
  return [...subtractRanges(PUBLIC, own)].reduce<readonly Place[]>((places, range) => {
    const place = places.find(({ family }) => family === range.family);
    const rest = places.filter(({ family }) => family !== range.family);
    const among = [...(place?.among ?? []), range];
    const address = place?.address ?? addressFrom(range.family, range.first);
    return [...rest, { family: range.family, address, among }];
  }, []);
}

/** `shop/web`; a workload of a file as it is typed, `deploy/shop/web`. */
export function podName({ namespace, name }: Pod): string {
  const slash = name.indexOf('/');
  return slash === -1
    ? `${namespace}/${name}`
    : `${name.slice(0, slash)}/${namespace}/${name.slice(slash + 1)}`;
}

/** As it is printed: `shop/web`, `node/a`, an address, `internet`. */
export function endName(end: End): string {
  switch (end.kind) {
    case 'pod':
      return podName(end.pod);
    case 'node':
      return `node/${end.node.name}`;
    case 'address':
      return end.address;
    case 'internet':
      return 'internet';
  }
}
