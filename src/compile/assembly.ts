/**
 * CompiledTable endpoints and live member sets -> one Ruleset, sorted by name. Keeps the objects of the last
 * assembly where nothing changed; sets nobody looks up any more are let go.
 */
import type { PodKey } from '../model/cluster.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import type { Chain, ChainName, ElementType, NftMap, NftSet, SetName } from '../nft/objects.ts';
import type { MemberSet } from '../policy/member-set.ts';
import type { Membership } from '../policy/membership.ts';
import type { CompiledTable } from './compiled.ts';
import type { CompiledEndpoint } from './endpoint.ts';
import { dispatchMaps, localSets } from './local.ts';
import { byName, POLICY_TABLE } from './names.ts';
import type { SetUse } from './set-use.ts';
import { addressType } from './statements.ts';

type Endpoints = ReadonlyMap<PodKey, CompiledEndpoint>;

/** All that follows from the endpoints alone. Most events change members only. */
interface Structure {
  readonly skeleton: readonly Chain[];
  readonly endpoints: Endpoints;
  readonly chains: ReadonlyMap<ChainName, Chain>;
  readonly uses: ReadonlyMap<SetName, SetUse>;
  readonly local: ReadonlyMap<SetName, NftSet>;
  readonly maps: ReadonlyMap<SetName, NftMap>;
  readonly rest: Omit<CompiledTable, 'ruleset'>;
}

export class Assembly {
  readonly #rendered = new Map<SetName, NftSet>();
  #structure: Structure | null = null;

  /** Equal objects are taken for unchanged ones: neither argument may be changed afterwards. */
  assemble(
    skeleton: readonly Chain[],
    quarantine: ReadonlyMap<SetName, NftSet>,
    endpoints: Endpoints,
    membership: Membership,
  ): CompiledTable {
    const last = this.#structure;
    const same = last?.skeleton === skeleton && last.endpoints === endpoints;
    const structure = same ? last : build(skeleton, endpoints, last);
    this.#structure = structure;
    const sets = this.#peerSets(structure.uses, membership);
    for (const [name, set] of quarantine) sets.set(name, set);
    for (const [name, set] of structure.local) sets.set(name, set);
    return {
      ruleset: {
        table: POLICY_TABLE,
        chains: structure.chains,
        sets: byName(sets),
        maps: structure.maps,
      },
      ...structure.rest,
    };
  }

  #peerSets(uses: ReadonlyMap<SetName, SetUse>, membership: Membership): Map<SetName, NftSet> {
    const sets = new Map<SetName, NftSet>();
    for (const [name, use] of uses) {
      if (use.kind === 'fixed') {
        sets.set(name, use.set);
        continue;
      }
      sets.set(name, this.#render(name, membership.set(use.key, use.meaning)));
    }
    for (const name of this.#rendered.keys()) if (!sets.has(name)) this.#rendered.delete(name);
    return sets;
  }

  #render(name: SetName, source: MemberSet): NftSet {
    const last = this.#rendered.get(name);
    const elements = source.elements.view();
    if (last?.elements === elements) return last;
    const { family, ports } = source.meaning;
    const address = addressType(family);
    const type: readonly ElementType[] = ports === null ? [address] : [address, 'inet_service'];
    const set: NftSet = { name, type, interval: false, elements };
    this.#rendered.set(name, set);
    return set;
  }
}

function build(skeleton: readonly Chain[], endpoints: Endpoints, last: Structure | null): Structure {
  const chains = new Map<ChainName, Chain>();
  const origins = new Map<ChainName, readonly (readonly RuleOrigin[])[]>();
  const uses = new Map<SetName, SetUse>();
  const names = new Map<PodKey, { readonly ingress: ChainName | null; readonly egress: ChainName | null }>();
  // Pods with the same policies build equal shared chains; the first object of a fingerprint is kept.
  const addChain = (chain: Chain): void => {
    const old = last?.chains.get(chain.name);
    chains.set(chain.name, old?.fingerprint === chain.fingerprint ? old : chain);
  };
  for (const chain of skeleton) addChain(chain);
  for (const [key, endpoint] of endpoints) {
    for (const { chain, stages } of [endpoint.ingress, endpoint.egress]) {
      if (!chain || !stages) continue;
      addChain(chain);
      for (const shared of stages.chains) addChain(shared);
      for (const [name, rules] of stages.origins) origins.set(name, rules);
      for (const use of stages.sets) uses.set(use.name, use);
    }
    names.set(key, {
      ingress: endpoint.ingress.chain?.name ?? null,
      egress: endpoint.egress.chain?.name ?? null,
    });
  }
  return {
    skeleton,
    endpoints,
    chains: byName(chains),
    uses,
    local: localSets(endpoints, last?.local ?? new Map()),
    maps: byName(dispatchMaps(endpoints, last?.maps ?? new Map())),
    rest: {
      origins: byName(origins),
      endpoints: byName(names),
      meanings: byName(new Map([...uses].map(([name, use]) => [name, use.text]))),
    },
  };
}
