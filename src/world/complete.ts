/**
 * Makes a partial snapshot whole enough to evaluate: files seldom give pods addresses, or describe every
 * namespace. What was made up is listed, so that no verdict rests on it.
 */
import type { Address, Family } from '../model/address.ts';
import type { Namespace, Pod, PodKey, Snapshot } from '../model/cluster.ts';
import { holdsAddresses } from '../model/cluster.ts';
import { addressFrom } from '../net/address.ts';
import { cidrRange } from '../net/cidr.ts';
import type { AddressRange } from '../net/range.ts';

export interface Completed {
  readonly snapshot: Snapshot;
  readonly standIns: ReadonlySet<PodKey>;
  readonly undescribed: ReadonlySet<string>;
}

/** `families`: of pods whose addresses neither they nor a node's ranges tell. */
export function complete(snapshot: Snapshot, families: readonly Family[]): Completed {
  const pods = new Map<PodKey, Pod>();
  const standIns = new Set<PodKey>();
  const undescribed = new Set<string>();
  const namespaces = new Map<string, Namespace>(snapshot.namespaces);
  const draw = createDraw(snapshot);
  for (const [key, pod] of [...snapshot.pods].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!holdsAddresses(pod) || pod.addresses.length > 0) {
      pods.set(key, pod);
      continue;
    }
    const addresses = rangesOf(snapshot, pod, families).map(draw);
    pods.set(key, { ...pod, addresses });
    standIns.add(key);
  }
  for (const { namespace } of [...pods.values(), ...snapshot.policies.values()]) {
    if (namespaces.has(namespace)) continue;
    undescribed.add(namespace);
    namespaces.set(namespace, {
      name: namespace,
      labels: new Map([['kubernetes.io/metadata.name', namespace]]),
    });
  }
  return { snapshot: { ...snapshot, pods, namespaces }, standIns, undescribed };
}

/** One range per family: of the pod's node, or of any node when it has none; unassigned ones when no node says. */
function rangesOf(snapshot: Snapshot, pod: Pod, families: readonly Family[]): readonly AddressRange[] {
  const own = pod.node === null ? undefined : snapshot.nodes.get(pod.node);
  const nodes = own === undefined ? [...snapshot.nodes.values()] : [own];
  const ranges = nodes.flatMap((node) => node.podCidrs.map(cidrRange));
  const found = ([4, 6] as const).flatMap((family) => ranges.find((range) => range.family === family) ?? []);
  return found.length > 0 ? found : families.map((family) => UNASSIGNED[family]);
}

/** Never the address of a real pod: 240.0.0.0/4 is reserved (RFC 1112), 4000::/16 assigned to nobody (IANA). */
const UNASSIGNED: Readonly<Record<Family, AddressRange>> = {
  4: { family: 4, first: 0xf000_0001n, last: 0xffff_fffen },
  6: { family: 6, first: 0x4000n << 112n, last: (0x4001n << 112n) - 1n },
};

/** Addresses from the end of a range, where allocators come last, and never one that is in use. */
function createDraw(snapshot: Snapshot): (range: AddressRange) => Address {
  const used = new Set<Address>();
  for (const { addresses } of [...snapshot.pods.values(), ...snapshot.nodes.values()]) {
    for (const address of addresses) used.add(address);
  }
  const next = new Map<string, bigint>();
  return (range) => {
    const key = `${range.family} ${range.first}`;
    let value = next.get(key) ?? range.last - 1n;
    while (value > range.first && used.has(addressFrom(range.family, value))) value--;
    next.set(key, value - 1n);
    const address = addressFrom(range.family, value);
    used.add(address);
    return address;
  };
}
