/**
 * Who belongs to which peer group, kept up to date event by event: the cost of a pod event follows the
 * groups it joins and leaves, not the size of the cluster (ADR 3: sets are named by meaning).
 * Guarantees the same members for the same objects, in whatever order they came.
 */
import type { Address } from '../model/address.ts';
import { holdsAddresses, type Namespace, type Pod, type PodKey, podKey } from '../model/cluster.ts';
import type { Labels } from '../model/labels.ts';
import type { NamespaceScope } from '../model/policy.ts';
import { inGroup, inScope } from './group.ts';
import { LabelIndex } from './label-index.ts';
import {
  createSet,
  type Entrance,
  elementsOf,
  joinSets,
  leaveSets,
  type Member,
  type MemberScope,
  type MemberSet,
  type MemberSetMeaning,
  type MutableSet,
  podSelector,
  type Way,
} from './member-set.ts';
import { chooseOwner } from './owner.ts';
import { SelectorIndex } from './selector-index.ts';

const NO_WAY: readonly Way[] = [];

export class Membership {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #states = new Map<PodKey, Member>();
  /** Almost always one pod: no set for it. */
  readonly #claims = new Map<Address, PodKey | Set<PodKey>>();
  readonly #podsByNamespace = new Map<string, Set<PodKey>>();
  readonly #podsByLabel = new LabelIndex<PodKey>();
  readonly #sets = new Map<string, MutableSet>();
  /** Entrances by the label their pods must have; by namespace for scopes that name one, '' for the others. */
  readonly #entrances = new Map<string, SelectorIndex<Entrance>>();

  pod(key: PodKey): Pod | null {
    return this.#states.get(key)?.pod ?? null;
  }

  *pods(): Iterable<readonly [PodKey, Pod]> {
    for (const [key, { pod }] of this.#states) yield [key, pod];
  }

  namespaceLabels(name: string): Labels | null {
    return this.#namespaces.get(name)?.labels ?? null;
  }

  /**
   * The addresses at which the pod's node judges by the pod's policies. It gives way to a better right on the
   * same node, and while it is being deleted to any pod that is not. A live pod of another node changes
   * nothing here: where addresses are handed out twice nobody may be left without policies.
   */
  judgedAt(key: PodKey): readonly Address[] {
    const pod = this.pod(key);
    if (pod === null || !holdsAddresses(pod)) return [];
    return pod.addresses.filter((address) => {
      const rivals = this.#claimantPods(address).filter(
        (rival) => rival.node === pod.node || (pod.deleting && !rival.deleting),
      );
      return chooseOwner(rivals) === pod;
    });
  }

  /** Returns the pods whose owned addresses may have changed, the pod itself included. */
  updatePod(key: PodKey, pod: Pod | null): readonly PodKey[] {
    const before = this.#states.get(key);
    const touched = new Set<Address>([...(before?.pod.addresses ?? []), ...(pod?.addresses ?? [])]);
    if (before) this.#forget(key, before);
    if (pod) {
      this.#podsByLabel.add(pod.labels, key);
      const siblings = this.#podsByNamespace.get(pod.namespace);
      if (siblings) siblings.add(key);
      else this.#podsByNamespace.set(pod.namespace, new Set([key]));
      this.#states.set(key, { pod, owned: [], ways: NO_WAY });
      if (holdsAddresses(pod)) for (const address of pod.addresses) this.#claim(address, key);
    } else if (before) {
      leaveSets(before, null);
    }
    const affected = new Set<PodKey>(pod ? [key] : []);
    for (const address of touched) for (const claimant of this.#claimants(address)) affected.add(claimant);
    this.#refresh(affected, before && { key, state: before });
    return [...affected];
  }

  updateNamespace(name: string, namespace: Namespace | null): void {
    if (namespace) this.#namespaces.set(name, namespace);
    else this.#namespaces.delete(name);
    this.#refresh(this.#podsByNamespace.get(name) ?? []);
  }

  /** The live set of this meaning; made on first use. `key` is the meaning's injective text. */
  set(key: string, meaning: MemberSetMeaning): MemberSet {
    const existing = this.#sets.get(key);
    if (existing) return existing;
    const created = createSet(meaning);
    this.#sets.set(key, created);
    const inside = new Map<Way, Set<PodKey>>();
    for (const entrance of created.entrances) {
      const { way, scope } = entrance;
      this.#entrancesOf(scope).add(podSelector(scope), entrance);
      const joined = inside.get(way) ?? new Set();
      inside.set(way, joined);
      for (const candidate of this.#podCandidates(scope)) {
        if (!joined.has(candidate) && this.#join(candidate, entrance)) joined.add(candidate);
      }
    }
    return created;
  }

  /** Drops every set whose key is not in use any more. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, set] of this.#sets) {
      if (keys.has(key)) continue;
      this.#sets.delete(key);
      const members = new Set<PodKey>();
      for (const entrance of set.entrances) {
        this.#unindex(entrance);
        for (const candidate of this.#podCandidates(entrance.scope)) members.add(candidate);
      }
      for (const member of members) this.#leave(member, set);
    }
  }

  #entrancesOf(scope: MemberScope): SelectorIndex<Entrance> {
    const key = scopeIndexKey(scope);
    const index = this.#entrances.get(key) ?? new SelectorIndex<Entrance>();
    this.#entrances.set(key, index);
    return index;
  }

  /** Namespaces come and go for as long as the agent runs. */
  #unindex(entrance: Entrance): void {
    const { scope } = entrance;
    const index = this.#entrancesOf(scope);
    index.delete(podSelector(scope), entrance);
    if (index.isEmpty) this.#entrances.delete(scopeIndexKey(scope));
  }

  /** By labels or by namespaces, whichever leaves fewer. */
  #podCandidates(scope: MemberScope): Iterable<PodKey> {
    if (scope.kind !== 'group') return this.#states.keys();
    const { namespaces, pods } = scope.group;
    const labelled = this.#podsByLabel.count(pods) ?? Number.POSITIVE_INFINITY;
    // Going through all namespaces is worth it for many pods only.
    const worth = namespaces.kind === 'named' || labelled > this.#podsByNamespace.size;
    const siblings = worth ? this.#siblings(namespaces) : null;
    const inside = siblings?.reduce((sum, { size }) => sum + size, 0) ?? Number.POSITIVE_INFINITY;
    if (siblings && inside <= labelled) return siblings.flatMap((keys) => [...keys]);
    return this.#podsByLabel.candidates(pods) ?? this.#states.keys();
  }

  #siblings(scope: NamespaceScope): readonly ReadonlySet<PodKey>[] {
    if (scope.kind === 'named') {
      const siblings = this.#podsByNamespace.get(scope.name);
      return siblings ? [siblings] : [];
    }
    return [...this.#podsByNamespace]
      .filter(([name]) => inScope(scope, name, this.namespaceLabels(name)))
      .map(([, siblings]) => siblings);
  }

  #belongs(scope: MemberScope, pod: Pod): boolean {
    return scope.kind !== 'group' || inGroup(scope.group, pod, this.namespaceLabels(pod.namespace));
  }

  /**
   * Recomputes what the pods own and where they belong; `previous` is where the changed one stood. All leave
   * before any joins: an address that changes hands stays in the sets both owners belong to.
   */
  #refresh(
    keys: Iterable<PodKey>,
    previous: { readonly key: PodKey; readonly state: Member } | null = null,
  ): void {
    const moves: { readonly before: Member; readonly after: Member }[] = [];
    for (const key of keys) {
      const state = this.#states.get(key);
      if (!state) continue;
      const { pod } = state;
      const own = pod.addresses.filter((address) => this.#ownerOf(address) === key);
      const owned = own.length === pod.addresses.length ? pod.addresses : own;
      const after: Member = { pod, owned, ways: this.#waysOf(pod, owned) };
      moves.push({ before: previous?.key === key ? previous.state : state, after });
      this.#states.set(key, after);
    }
    for (const { before, after } of moves) leaveSets(before, after);
    for (const { after } of moves) joinSets(after);
  }

  #waysOf(pod: Pod, owned: readonly Address[]): readonly Way[] {
    if (owned.length === 0) return NO_WAY;
    const ways = new Set<Way>();
    for (const { way, scope } of this.#entranceCandidates(pod)) {
      if (ways.has(way) || !this.#belongs(scope, pod)) continue;
      if (elementsOf(way, { pod, owned }).length > 0) ways.add(way);
    }
    return ways.size > 0 ? [...ways] : NO_WAY;
  }

  *#entranceCandidates(pod: Pod): Iterable<Entrance> {
    yield* this.#entrances.get('')?.candidates(pod.labels) ?? [];
    yield* this.#entrances.get(pod.namespace)?.candidates(pod.labels) ?? [];
  }

  /** False: this is no way in for the pod. */
  #join(key: PodKey, { way, scope }: Entrance): boolean {
    const state = this.#states.get(key);
    if (!state || !this.#belongs(scope, state.pod)) return false;
    const elements = elementsOf(way, state);
    if (elements.length === 0) return false;
    for (const element of elements) way.set.elements.add(element);
    this.#states.set(key, { ...state, ways: [...state.ways, way] });
    return true;
  }

  #leave(key: PodKey, set: MutableSet): void {
    const state = this.#states.get(key);
    if (!state?.ways.some((way) => way.set === set)) return;
    this.#states.set(key, { ...state, ways: state.ways.filter((way) => way.set !== set) });
  }

  #claim(address: Address, key: PodKey): void {
    const claim = this.#claims.get(address);
    if (claim === undefined) this.#claims.set(address, key);
    else if (typeof claim === 'string') this.#claims.set(address, new Set([claim, key]));
    else claim.add(key);
  }

  #unclaim(address: Address, key: PodKey): void {
    const claim = this.#claims.get(address);
    if (claim instanceof Set) {
      claim.delete(key);
      if (claim.size === 0) this.#claims.delete(address);
    } else if (claim === key) {
      this.#claims.delete(address);
    }
  }

  #claimants(address: Address): Iterable<PodKey> {
    const claim = this.#claims.get(address);
    return typeof claim === 'string' ? [claim] : (claim ?? []);
  }

  #claimantPods(address: Address): readonly Pod[] {
    return [...this.#claimants(address)].flatMap((key) => this.#states.get(key)?.pod ?? []);
  }

  #ownerOf(address: Address): PodKey | null {
    const claim = this.#claims.get(address);
    if (typeof claim === 'string') return claim;
    const owner = chooseOwner(this.#claimantPods(address));
    return owner ? podKey(owner.namespace, owner.name) : null;
  }

  #forget(key: PodKey, { pod }: Member): void {
    this.#podsByLabel.delete(pod.labels, key);
    const siblings = this.#podsByNamespace.get(pod.namespace);
    siblings?.delete(key);
    if (siblings?.size === 0) this.#podsByNamespace.delete(pod.namespace);
    for (const address of pod.addresses) this.#unclaim(address, key);
    this.#states.delete(key);
  }
}

/** Of the namespace that the scope names; '' for the others. */
function scopeIndexKey(scope: MemberScope): string {
  return scope.kind === 'group' && scope.group.namespaces.kind === 'named' ? scope.group.namespaces.name : '';
}
