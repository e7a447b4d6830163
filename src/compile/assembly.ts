/**
 * Compiled endpoints and live member sets -> one Ruleset, sorted by name. Keeps the objects of the last
 * assembly where nothing changed; sets nobody looks up any more are let go.
 */
import { type Family, familyOf } from '../model/address.ts';
import type { PodKey } from '../model/cluster.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import type {
  Chain,
  ChainName,
  Element,
  ElementType,
  ElementVerdict,
  NftMap,
  NftSet,
  SetName,
} from '../nft/objects.ts';
import type { MemberSet, Membership } from '../policy/membership.ts';
import type { Compiled } from './compiled.ts';
import type { CompiledEndpoint } from './endpoint.ts';
import { dispatchMap, isolatedSet, localSet, selfSet, TABLE } from './names.ts';
import type { SetUse } from './peers.ts';
import { FAMILIES } from './statements.ts';

interface Rendered {
  readonly version: number;
  readonly source: MemberSet;
  readonly set: NftSet;
}

export class Assembly {
  readonly #chains = new Map<ChainName, Chain>();
  readonly #rendered = new Map<SetName, Rendered>();
  #local: ReadonlyMap<SetName, NftSet> = new Map();
  #dispatch: ReadonlyMap<SetName, NftMap> = new Map();

  assemble(
    skeleton: readonly Chain[],
    endpoints: ReadonlyMap<PodKey, CompiledEndpoint>,
    membership: Membership,
  ): Compiled {
    const chains = new Map<ChainName, Chain>(skeleton.map((chain) => [chain.name, chain]));
    const origins = new Map<ChainName, readonly (readonly RuleOrigin[])[]>();
    const uses = new Map<SetName, SetUse>();
    const names = new Map<
      PodKey,
      { readonly ingress: ChainName | null; readonly egress: ChainName | null }
    >();
    for (const [key, endpoint] of endpoints) {
      for (const { chain, stages } of [endpoint.ingress, endpoint.egress]) {
        if (!chain || !stages) continue;
        chains.set(chain.name, chain);
        for (const shared of stages.chains) chains.set(shared.name, shared);
        for (const [name, rules] of stages.origins) origins.set(name, rules);
        for (const use of stages.sets) uses.set(use.name, use);
      }
      names.set(key, {
        ingress: endpoint.ingress.chain?.name ?? null,
        egress: endpoint.egress.chain?.name ?? null,
      });
    }
    const sets = this.#peerSets(uses, membership);
    this.#local = reuse(this.#local, localSets(endpoints), sameSet);
    for (const [name, set] of this.#local) sets.set(name, set);
    this.#dispatch = reuse(this.#dispatch, dispatchMaps(endpoints), sameMap);
    return {
      ruleset: {
        table: { family: 'inet', name: TABLE },
        chains: sorted(this.#sameChains(chains)),
        sets: sorted(sets),
        maps: sorted(this.#dispatch),
      },
      origins: sorted(origins),
      endpoints: sorted(names),
      setMeanings: sorted(new Map([...uses].map(([name, use]) => [name, use.text]))),
    };
  }

  /** Pods with the same policies build equal shared chains; the first object of a fingerprint is kept. */
  #sameChains(chains: ReadonlyMap<ChainName, Chain>): ReadonlyMap<ChainName, Chain> {
    for (const name of this.#chains.keys()) if (!chains.has(name)) this.#chains.delete(name);
    for (const [name, chain] of chains) {
      if (this.#chains.get(name)?.fingerprint !== chain.fingerprint) this.#chains.set(name, chain);
    }
    return this.#chains;
  }

  #peerSets(uses: ReadonlyMap<SetName, SetUse>, membership: Membership): Map<SetName, NftSet> {
    const sets = new Map<SetName, NftSet>();
    const keys = new Set<string>();
    for (const [name, use] of uses) {
      if (use.kind === 'fixed') {
        sets.set(name, use.set);
        continue;
      }
      keys.add(use.key);
      sets.set(name, this.#render(name, membership.set(use.key, use.meaning)));
    }
    membership.retain(keys);
    for (const name of this.#rendered.keys()) if (!sets.has(name)) this.#rendered.delete(name);
    return sets;
  }

  #render(name: SetName, source: MemberSet): NftSet {
    const last = this.#rendered.get(name);
    if (last && last.source === source && last.version === source.version) return last.set;
    const { family, port } = source.meaning;
    const type: readonly ElementType[] =
      port === null ? [addressType(family)] : [addressType(family), 'inet_service'];
    const set: NftSet = { name, type, interval: false, elements: new Set([...source.elements].sort()) };
    this.#rendered.set(name, { version: source.version, source, set });
    return set;
  }
}

function localSets(endpoints: ReadonlyMap<PodKey, CompiledEndpoint>): ReadonlyMap<SetName, NftSet> {
  const sets = new Map<SetName, NftSet>();
  for (const family of FAMILIES) {
    const local = new Set<Element>();
    const isolated = new Set<Element>();
    for (const { policy, ingress, egress } of endpoints.values()) {
      for (const address of policy.addresses) {
        if (familyOf(address) !== family) continue;
        local.add(address);
        if (ingress.chain || egress.chain) isolated.add(address);
      }
    }
    const type: readonly ElementType[] = [addressType(family)];
    const pairs = new Set([...local].map((address) => `${address} . ${address}`));
    sets.set(localSet(family), { name: localSet(family), type, interval: false, elements: sortedSet(local) });
    sets.set(isolatedSet(family), {
      name: isolatedSet(family),
      type,
      interval: false,
      elements: sortedSet(isolated),
    });
    sets.set(selfSet(family), {
      name: selfSet(family),
      type: [...type, ...type],
      interval: false,
      elements: sortedSet(pairs),
    });
  }
  return sets;
}

function dispatchMaps(endpoints: ReadonlyMap<PodKey, CompiledEndpoint>): ReadonlyMap<SetName, NftMap> {
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
      maps.set(name, { name, type: [addressType(family)], elements: sorted(elements) });
    }
  }
  return maps;
}

function reuse<Name, Value>(
  before: ReadonlyMap<Name, Value>,
  after: ReadonlyMap<Name, Value>,
  same: (a: Value, b: Value) => boolean,
): ReadonlyMap<Name, Value> {
  return new Map(
    [...after].map(([name, value]) => {
      const old = before.get(name);
      return [name, old !== undefined && same(old, value) ? old : value];
    }),
  );
}

function sameSet(a: NftSet, b: NftSet): boolean {
  return a.elements.size === b.elements.size && [...a.elements].every((element) => b.elements.has(element));
}

function sameMap(a: NftMap, b: NftMap): boolean {
  return (
    a.elements.size === b.elements.size &&
    [...a.elements].every(([element, verdict]) => sameVerdict(verdict, b.elements.get(element)))
  );
}

function sameVerdict(a: ElementVerdict, b: ElementVerdict | undefined): boolean {
  return a.kind === b?.kind && (a.kind !== 'goto' || b.kind !== 'goto' || a.chain === b.chain);
}

function addressType(family: Family): ElementType {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

function sortedSet(values: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...values].sort());
}

/** By name, in code units: the same on every machine. */
function sorted<Name extends string, Value>(map: ReadonlyMap<Name, Value>): ReadonlyMap<Name, Value> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
