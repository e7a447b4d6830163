/**
 * Which address families pods without an address will have: those that something speaks of. Files seldom
 * say it in one place, and a family that nobody speaks of is not asked about.
 */
import { type Address, type Family, familyOf } from '../model/address.ts';
import type { Snapshot } from '../model/cluster.ts';
import { DIRECTIONS, type Policy } from '../model/policy.ts';
import type { Service } from '../model/service.ts';

/**
 * The families of pods and Services that have addresses, IPv4 where none has; and IPv6 where a policy has
 * a block of it, or the question names such an address.
 */
export function spokenFamilies(
  { pods, policies }: Pick<Snapshot, 'pods' | 'policies'>,
  services: Iterable<Service>,
  asked: readonly Address[],
): readonly Family[] {
  const found = new Set<Family>();
  for (const { addresses } of pods.values()) for (const each of addresses) found.add(familyOf(each));
  for (const { clusterAddresses } of services) for (const each of clusterAddresses) found.add(familyOf(each));
  if (found.size === 0) found.add(4);
  for (const each of asked) found.add(familyOf(each));
  if ([...policies.values()].some(namesIpv6)) found.add(6);
  return [...found].sort((a, b) => a - b);
}

function namesIpv6(policy: Policy): boolean {
  return DIRECTIONS.some((direction) =>
    (policy[direction] ?? []).some(
      ({ peers }) =>
        peers.kind === 'some' &&
        peers.peers.some((peer) => peer.kind === 'ipBlock' && familyOf(peer.cidr) === 6),
    ),
  );
}
