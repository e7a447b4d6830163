/** What the table says of this node's pods by address: the sets they are in, and where their packets go. */
import { familyOf } from '../model/address.ts';
import type { PodKey } from '../model/cluster.ts';
import type { Element, ElementType, ElementVerdict, NftMap, NftSet, SetName } from '../nft/objects.ts';
import type { CompiledEndpoint } from './endpoint.ts';
import { dispatchMap, isolatedSet, localSet, selfSet } from './names.ts';
import { addressType, FAMILIES } from './statements.ts';

type Endpoints = ReadonlyMap<PodKey, CompiledEndpoint>;

/** With the objects of `before` where nothing differs. */
export function localSets(
  endpoints: Endpoints,
  before: ReadonlyMap<SetName, NftSet>,
): ReadonlyMap<SetName, NftSet> {
  const sets = new Map<SetName, NftSet>();
  const add = (name: SetName, type: readonly ElementType[], elements: ReadonlySet<Element>): void => {
    const old = before.get(name);
    sets.set(name, old && sameElements(old, elements) ? old : { name, type, interval: false, elements });
  };
  for (const family of FAMILIES) {
    const local = new Set<Element>();
    const isolated = new Set<Element>();
    const pairs = new Set<Element>();
    for (const { policy, ingress, egress } of endpoints.values()) {
      for (const address of policy.addresses) {
        if (familyOf(address) !== family) continue;
        local.add(address);
        pairs.add(`${address} . ${address}`);
        if (ingress.chain || egress.chain) isolated.add(address);
      }
    }
    const type: readonly ElementType[] = [addressType(family)];
    add(localSet(family), type, local);
    add(isolatedSet(family), type, isolated);
    add(selfSet(family), [...type, ...type], pairs);
  }
  return sets;
}

/** With the objects of `before` where nothing differs. */
export function dispatchMaps(
  endpoints: Endpoints,
  before: ReadonlyMap<SetName, NftMap>,
): ReadonlyMap<SetName, NftMap> {
  const maps = new Map<SetName, NftMap>();
  for (const family of FAMILIES) {
    for (const direction of ['ingress', 'egress'] as const) {
      const elements = new Map<Element, ElementVerdict>();
      for (const endpoint of endpoints.values()) {
        for (const address of endpoint.policy.addresses) {
          if (familyOf(address) === family) elements.set(address, endpoint[direction].dispatch);
        }
      }
      const name = dispatchMap(direction, family);
      const old = before.get(name);
      maps.set(
        name,
        old && sameEntries(old, elements) ? old : { name, type: [addressType(family)], elements },
      );
    }
  }
  return maps;
}

function sameElements(set: NftSet, elements: ReadonlySet<Element>): boolean {
  if (set.elements.size !== elements.size) return false;
  for (const element of elements) if (!set.elements.has(element)) return false;
  return true;
}

function sameEntries(map: NftMap, elements: ReadonlyMap<Element, ElementVerdict>): boolean {
  if (map.elements.size !== elements.size) return false;
  for (const [element, verdict] of elements)
    if (!sameVerdict(verdict, map.elements.get(element))) return false;
  return true;
}

function sameVerdict(a: ElementVerdict, b: ElementVerdict | undefined): boolean {
  return a.kind === b?.kind && (a.kind !== 'goto' || b.kind !== 'goto' || a.chain === b.chain);
}
