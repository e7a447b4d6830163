/** Which pod an address belongs to. A host-network pod's address is its node's (semantics H3). */
import type { Address } from '../model/address.ts';
import type { Pod, Snapshot } from '../model/cluster.ts';
import { holdsAddresses, podKey } from '../model/cluster.ts';

/**
 * Will have addresses that nobody knows yet, or has them already and they are not reported. A pod that
 * reports any address has reported all of them: a kubelet writes status.podIPs at once.
 */
export function awaitsAddress(pod: Pod): boolean {
  return holdsAddresses(pod) && pod.addresses.length === 0;
}

/**
 * Among live pods that claim one address: one that is not being deleted before one that is (its address may
 * be reused already), then the newest, then the first by name, so that every node decides alike, whatever came
 * first. Never nobody: an address without an owner is judged by no policy. The losers are peers at their other
 * addresses only, and subjects too, but for what `Membership.judgedAt` says of other nodes. Two that are not
 * being deleted happen where the older one has a new address, or none, and its kubelet has not said so yet,
 * and where addresses are handed out twice.
 */
export function chooseOwner(claimants: readonly Pod[]): Pod | null {
  let owner: Pod | null = null;
  for (const pod of claimants) {
    if (owner === null || comparePods(pod, owner) < 0) owner = pod;
  }
  return owner;
}

function comparePods(a: Pod, b: Pod): number {
  if (a.deleting !== b.deleting) return a.deleting ? 1 : -1;
  if (a.created !== b.created) return b.created - a.created;
  return podKey(a.namespace, a.name) < podKey(b.namespace, b.name) ? -1 : 1;
}

const indexes = new WeakMap<Snapshot, ReadonlyMap<Address, Pod>>();

/** Indexed once per snapshot: a snapshot never changes. */
export function ownerOf(snapshot: Snapshot, address: Address): Pod | null {
  const known = indexes.get(snapshot);
  if (known) return known.get(address) ?? null;
  const claims = new Map<Address, Pod[]>();
  for (const pod of snapshot.pods.values()) {
    if (!holdsAddresses(pod)) continue;
    for (const claimed of pod.addresses) {
      const claimants = claims.get(claimed);
      if (claimants) claimants.push(pod);
      else claims.set(claimed, [pod]);
    }
  }
  const owners = new Map<Address, Pod>();
  for (const [claimed, claimants] of claims) {
    const owner = chooseOwner(claimants);
    if (owner) owners.set(claimed, owner);
  }
  indexes.set(snapshot, owners);
  return owners.get(address) ?? null;
}
