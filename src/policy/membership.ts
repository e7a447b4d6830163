/**
 * Who belongs to which peer group, kept up to date event by event: the cost of a pod event follows the
 * groups it joins and leaves, not the size of the cluster (ADR 3: sets are named by meaning).
 * Guarantees the same members for the same objects, in whatever order they came.
 */
import type { Address, Cidr, Family } from '../model/address.ts';
import { familyOf } from '../model/address.ts';
import { holdsAddresses, type Namespace, type Pod, type PodKey, podKey } from '../model/cluster.ts';
import type { NamedPort, PodGroup } from '../model/endpoint.ts';
import type { Labels, Selector } from '../model/labels.ts';
import { LiveSet } from '../model/live-set.ts';
import type { NamespaceScope } from '../model/policy.ts';
import { cidrContains } from '../net/cidr.ts';
import { inGroup, inScope } from './group.ts';
import { LabelIndex } from './label-index.ts';
import { chooseOwner } from './owner.ts';
import { SelectorIndex } from './selector-index.ts';

/** Pods by labels, by address, or all of them. */
export type MemberScope =
  | { readonly kind: 'group'; readonly group: PodGroup }
  | { readonly kind: 'block'; readonly cidr: Cidr; readonly except: readonly Cidr[] }
  | { readonly kind: 'all' };

/** `addresses`: the members' addresses. A named port: `address . port` for each number the name has (F5 to F7). */
export interface MemberSetMeaning {
  readonly scope: MemberScope;
  readonly port: NamedPort | null;
  readonly family: Family;
}

/** A live set of elements in nft's text form. */
export interface MemberSet {
  readonly meaning: MemberSetMeaning;
  /** As it is now; the same object until an element comes or goes. */
  readonly elements: { view(): ReadonlySet<string> };
}

interface MutableSet extends MemberSet {
  readonly elements: LiveSet;
}

interface PodState {
  readonly pod: Pod;
  /** The addresses this pod owns now, a subset of pod.addresses. */
  readonly owned: readonly Address[];
  /** The sets it puts elements into. Which ones follows from the pod, so they are not kept. */
  readonly memberOf: readonly MutableSet[];
}

const EVERYTHING: Selector = { kind: 'requirements', requirements: [] };
const NOWHERE: readonly MutableSet[] = [];

/** Never empty for a set that the pod is a member of. */
function elementsOf({ meaning }: MutableSet, { pod, owned }: Omit<PodState, 'memberOf'>): readonly string[] {
  const { scope, port, family } = meaning;
  const addresses = owned.filter(
    (address) =>
      familyOf(address) === family &&
      (scope.kind !== 'block' ||
        (cidrContains(scope.cidr, address) && !scope.except.some((except) => cidrContains(except, address)))),
  );
  if (port === null) return addresses;
  const numbers = pod.ports
    .filter((candidate) => candidate.name === port.name && candidate.protocol === port.protocol)
    .map((candidate) => candidate.port);
  return addresses.flatMap((address) => [...new Set(numbers)].map((number) => `${address} . ${number}`));
}

function leaveSets(before: PodState, after: PodState | null): void {
  for (const set of before.memberOf) {
    const kept = after?.memberOf.includes(set) ? elementsOf(set, after) : [];
    for (const element of elementsOf(set, before)) {
      if (!kept.includes(element)) set.elements.delete(element);
    }
  }
}

function joinSets(after: PodState): void {
  for (const set of after.memberOf) {
    for (const element of elementsOf(set, after)) set.elements.add(element);
  }
}

export class Membership {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #states = new Map<PodKey, PodState>();
  /** Almost always one pod: no set for it. */
  readonly #claims = new Map<Address, PodKey | Set<PodKey>>();
  readonly #podsByNamespace = new Map<string, Set<PodKey>>();
  readonly #podsByLabel = new LabelIndex<PodKey>();
  readonly #sets = new Map<string, MutableSet>();
  /** Sets by the label their pods must have; by namespace for scopes that name one, '' for the others. */
  readonly #setsByScope = new Map<string, SelectorIndex<MutableSet>>();

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
      this.#states.set(key, { pod, owned: [], memberOf: NOWHERE });
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
    const created: MutableSet = { meaning, elements: new LiveSet() };
    this.#sets.set(key, created);
    this.#scopeIndex(meaning).add(podSelector(meaning), created);
    for (const candidate of this.#podCandidates(meaning.scope)) this.#join(candidate, created);
    return created;
  }

  /** Drops every set whose key is not in use any more. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, set] of this.#sets) {
      if (keys.has(key)) continue;
      this.#sets.delete(key);
      this.#unindex(set);
      for (const candidate of this.#podCandidates(set.meaning.scope)) this.#leave(candidate, set);
    }
  }

  #scopeIndex(meaning: MemberSetMeaning): SelectorIndex<MutableSet> {
    const key = scopeIndexKey(meaning);
    const index = this.#setsByScope.get(key) ?? new SelectorIndex<MutableSet>();
    this.#setsByScope.set(key, index);
    return index;
  }

  /** Namespaces come and go for as long as the agent runs: an index that holds nothing goes with its own. */
  #unindex(set: MutableSet): void {
    const index = this.#scopeIndex(set.meaning);
    index.delete(podSelector(set.meaning), set);
    if (index.isEmpty) this.#setsByScope.delete(scopeIndexKey(set.meaning));
  }

  /** By labels or by namespaces, whichever leaves fewer. */
  #podCandidates(scope: MemberScope): Iterable<PodKey> {
    if (scope.kind !== 'group') return [...this.#states.keys()];
    const { namespaces, pods } = scope.group;
    const labelled = this.#podsByLabel.count(pods) ?? Number.POSITIVE_INFINITY;
    // Going through all namespaces is worth it for many pods only.
    const worth = namespaces.kind === 'named' || labelled > this.#podsByNamespace.size;
    const siblings = worth ? this.#siblings(namespaces) : null;
    const inside = siblings?.reduce((sum, { size }) => sum + size, 0) ?? Number.POSITIVE_INFINITY;
    if (siblings && inside <= labelled) return siblings.flatMap((keys) => [...keys]);
    return this.#podsByLabel.candidates(pods) ?? [...this.#states.keys()];
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

  #belongs(set: MutableSet, pod: Pod): boolean {
    const { scope } = set.meaning;
    return scope.kind !== 'group' || inGroup(scope.group, pod, this.namespaceLabels(pod.namespace));
  }

  /**
   * Recomputes what the pods own and where they belong; `previous` is where the changed one stood. All leave
   * before any joins: an address that changes hands stays in the sets both owners belong to.
   */
  #refresh(
    keys: Iterable<PodKey>,
    previous: { readonly key: PodKey; readonly state: PodState } | null = null,
  ): void {
    const moves: { readonly before: PodState; readonly after: PodState }[] = [];
    for (const key of keys) {
      const state = this.#states.get(key);
      if (!state) continue;
      const { pod } = state;
      const own = pod.addresses.filter((address) => this.#ownerOf(address) === key);
      const owned = own.length === pod.addresses.length ? pod.addresses : own;
      const after: PodState = { pod, owned, memberOf: this.#setsOf(pod, owned) };
      moves.push({ before: previous?.key === key ? previous.state : state, after });
      this.#states.set(key, after);
    }
    for (const { before, after } of moves) leaveSets(before, after);
    for (const { after } of moves) joinSets(after);
  }

  #setsOf(pod: Pod, owned: readonly Address[]): readonly MutableSet[] {
    if (owned.length === 0) return NOWHERE;
    const sets: MutableSet[] = [];
    for (const set of this.#setCandidates(pod)) {
      if (this.#belongs(set, pod) && elementsOf(set, { pod, owned }).length > 0) sets.push(set);
    }
    return sets.length > 0 ? sets : NOWHERE;
  }

  #join(key: PodKey, set: MutableSet): void {
    const state = this.#states.get(key);
    if (!state || !this.#belongs(set, state.pod)) return;
    const elements = elementsOf(set, state);
    if (elements.length === 0) return;
    for (const element of elements) set.elements.add(element);
    this.#states.set(key, { ...state, memberOf: [...state.memberOf, set] });
  }

  *#setCandidates(pod: Pod): Iterable<MutableSet> {
    yield* this.#setsByScope.get('')?.candidates(pod.labels) ?? [];
    yield* this.#setsByScope.get(pod.namespace)?.candidates(pod.labels) ?? [];
  }

  #leave(key: PodKey, set: MutableSet): void {
    const state = this.#states.get(key);
    if (!state?.memberOf.includes(set)) return;
    this.#states.set(key, { ...state, memberOf: state.memberOf.filter((other) => other !== set) });
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

  #forget(key: PodKey, { pod }: PodState): void {
    this.#podsByLabel.delete(pod.labels, key);
    const siblings = this.#podsByNamespace.get(pod.namespace);
    siblings?.delete(key);
    if (siblings?.size === 0) this.#podsByNamespace.delete(pod.namespace);
    for (const address of pod.addresses) this.#unclaim(address, key);
    this.#states.delete(key);
  }
}

/** Of the namespace that the scope names; '' for the others. */
function scopeIndexKey({ scope }: MemberSetMeaning): string {
  return scope.kind === 'group' && scope.group.namespaces.kind === 'named' ? scope.group.namespaces.name : '';
}

function podSelector({ scope }: MemberSetMeaning): Selector {
  return scope.kind === 'group' ? scope.group.pods : EVERYTHING;
}
