/**
 * Live sets of the members that one meaning has, and the ways into each. A pod knows by which ways it is in, and
 * what it puts into a set follows from the way, so that no set keeps who put what.
 */
import type { Address, Family } from '../model/address.ts';
import { familyOf } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import type { PodGroup } from '../model/endpoint.ts';
import type { Selector } from '../model/labels.ts';
import { LiveSet } from '../model/live-set.ts';
import type { Protocol } from '../model/protocol.ts';
import { addressValue } from '../net/address.ts';
import { type Block, blockRanges, rangesHold } from '../net/block.ts';
import type { AddressRange } from '../net/range.ts';

/** Pods by labels, by address, or all of them. */
export type MemberScope =
  | { readonly kind: 'group'; readonly group: PodGroup }
  | { readonly kind: 'blocks'; readonly blocks: readonly Block[] }
  | { readonly kind: 'all' };

/** Names of container ports, any of them. */
export interface PortNames {
  readonly protocol: Protocol;
  readonly names: readonly string[];
}

/**
 * Who is in any of the scopes. Without `ports` the members' addresses; else `address . port` for each number that
 * one of the names has there (semantics F5 to F7).
 */
export interface MemberSetMeaning {
  readonly scopes: readonly MemberScope[];
  readonly ports: PortNames | null;
  readonly family: Family;
}

/** A live set of elements in nft's text form. */
export interface MemberSet {
  readonly meaning: MemberSetMeaning;
  /** As it is now; the same object until an element comes or goes. */
  readonly elements: { readonly size: number; view(): ReadonlySet<string> };
}

/** How a pod can be in a set: with all its addresses, or with those in some ranges. */
export interface Way {
  readonly set: MutableSet;
  /** null: whichever it owns. */
  readonly ranges: readonly AddressRange[] | null;
}

/** A way, and whom it is for. */
export interface Entrance {
  readonly way: Way;
  readonly scope: MemberScope;
}

export interface MutableSet extends MemberSet {
  readonly elements: LiveSet;
  readonly names: ReadonlySet<string>;
  readonly entrances: readonly Entrance[];
}

/** A pod as far as its elements depend on it. */
export interface Member {
  readonly pod: Pod;
  /** The addresses this pod owns now, a subset of pod.addresses. */
  readonly owned: readonly Address[];
  readonly ways: readonly Way[];
}

const EVERYTHING: Selector = { kind: 'requirements', requirements: [] };

export function createSet(meaning: MemberSetMeaning): MutableSet {
  const entrances: Entrance[] = [];
  const names = new Set(meaning.ports?.names);
  const set: MutableSet = { meaning, elements: new LiveSet(), names, entrances };
  const byLabels: Way = { set, ranges: null };
  for (const scope of meaning.scopes) {
    const way = scope.kind === 'blocks' ? { set, ranges: rangesOf(scope, meaning.family) } : byLabels;
    entrances.push({ way, scope });
  }
  return set;
}

function rangesOf(
  { blocks }: Extract<MemberScope, { kind: 'blocks' }>,
  family: Family,
): readonly AddressRange[] {
  return blockRanges(blocks.filter(({ cidr }) => familyOf(cidr) === family));
}

/** Which labels a pod needs to be in the scope. */
export function podSelector(scope: MemberScope): Selector {
  return scope.kind === 'group' ? scope.group.pods : EVERYTHING;
}

/** What a pod puts into the set by this way; none: it is not in it. */
export function elementsOf(
  { set: { meaning, names }, ranges }: Way,
  { pod, owned }: Pick<Member, 'pod' | 'owned'>,
): readonly string[] {
  const { ports, family } = meaning;
  const addresses = owned.filter(
    (address) =>
      familyOf(address) === family && (ranges === null || rangesHold(ranges, addressValue(address))),
  );
  if (ports === null) return addresses;
  const numbers = new Set(
    pod.ports.flatMap(({ name, protocol, port }) =>
      name !== null && names.has(name) && protocol === ports.protocol ? [port] : [],
    ),
  );
  return addresses.flatMap((address) => [...numbers].map((number) => `${address} . ${number}`));
}

/** Takes out what the pod does not put in any more; `after` null: the pod is gone. */
export function leaveSets(before: Member, after: Member | null): void {
  const kept = new Map<MutableSet, Set<string>>();
  for (const way of after?.ways ?? []) {
    if (after === null) continue;
    const elements = kept.get(way.set) ?? new Set();
    kept.set(way.set, elements);
    for (const element of elementsOf(way, after)) elements.add(element);
  }
  for (const way of before.ways) {
    const still = kept.get(way.set);
    for (const element of elementsOf(way, before)) {
      if (still?.has(element) !== true) way.set.elements.delete(element);
    }
  }
}

export function joinSets(after: Member): void {
  for (const way of after.ways) {
    for (const element of elementsOf(way, after)) way.set.elements.add(element);
  }
}
