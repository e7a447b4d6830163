/**
 * Objects, one change at a time -> the ruleset of one node. Work follows what a change touches; what did
 * not change keeps its object identity, so that plan can skip it.
 * Guarantees the same bytes for the same objects, in whatever order they came (property-tested).
 */
import type { Cidr } from '../model/address.ts';
import { familyOf } from '../model/address.ts';
import { type Change, type Pod, type PodKey, podKey } from '../model/cluster.ts';
import type { Labels } from '../model/labels.ts';
import type { Policy } from '../model/policy.ts';
import { type PolicyKey, type PolicyRef, policyKey } from '../model/policy-ref.ts';
import { Membership } from '../policy/membership.ts';
import { awaitsAddress } from '../policy/owner.ts';
import { resolveEndpoint } from '../policy/resolve.ts';
import { selects } from '../policy/selector.ts';
import { Assembly } from './assembly.ts';
import type { CompiledTable } from './compiled.ts';
import { type CompiledEndpoint, compileEndpoint } from './endpoint.ts';
import { QuarantineSets } from './quarantine.ts';
import { skeleton } from './skeleton.ts';

export interface CompileOptions {
  /** Name of the node whose pods get rules. */
  readonly node: string;
  /** Ranges in which an address without a known pod can be dropped; empty: it never is. */
  readonly podRanges: readonly Cidr[];
  /** The cluster cannot be followed: the ranges stay closed. */
  readonly blind?: boolean;
}

export interface Forwarder {
  readonly pod: Pod;
  /** Its namespace lets it. */
  readonly allowed: boolean;
}

export class Compiler {
  readonly #node: string;
  readonly #membership = new Membership();
  readonly #policies = new Map<string, Map<PolicyKey, Policy>>();
  /** Of this node; the pods themselves are kept once, by the membership. */
  readonly #localPods = new Set<PodKey>();
  readonly #dirty = new Set<PodKey>();
  /** Never changed, only replaced. */
  #endpoints: ReadonlyMap<PodKey, CompiledEndpoint> = new Map();
  readonly #assembly = new Assembly();
  readonly #skeleton = skeleton();
  readonly #quarantine: QuarantineSets;
  #compiled: CompiledTable | null = null;

  constructor(options: CompileOptions) {
    this.#node = options.node;
    this.#quarantine = new QuarantineSets(options.podRanges, options.blind ?? false);
  }

  /** Every pod of the cluster, local or not. */
  pods(): Iterable<readonly [PodKey, Pod]> {
    return this.#membership.pods();
  }

  /** Pods of this node that ask to send for others. */
  forwarders(): readonly Forwarder[] {
    return [...this.#localPods].flatMap((key) => {
      const pod = this.#membership.pod(key);
      if (!pod?.forwards) return [];
      return [{ pod, allowed: mayForward(this.#membership.namespaceLabels(pod.namespace)) }];
    });
  }

  setPodRanges(ranges: readonly Cidr[]): void {
    this.#quarantine.setRanges(ranges);
    this.#compiled = null;
  }

  setBlind(blind: boolean): void {
    this.#quarantine.setBlind(blind);
    this.#compiled = null;
  }

  update(change: Change): void {
    switch (change.kind) {
      case 'pod':
        this.#updatePod(change.key, change.value);
        break;
      case 'namespace':
        this.#membership.updateNamespace(change.key, change.value);
        break;
      case 'policy':
        this.#updatePolicy(change.ref, change.value);
        break;
      case 'node':
        return;
      default:
        change satisfies never;
    }
    this.#compiled = null;
  }

  result(): CompiledTable {
    if (this.#compiled) return this.#compiled;
    if (this.#dirty.size > 0) this.#recompileDirty();
    const closed = this.#quarantine.sets((name) => this.#membership.namespaceLabels(name) !== null);
    this.#compiled = this.#assembly.assemble(this.#skeleton, closed, this.#endpoints, this.#membership);
    return this.#compiled;
  }

  #updatePod(key: PodKey, pod: Pod | null): void {
    for (const affected of this.#membership.updatePod(key, pod)) {
      if (this.#localPods.has(affected)) this.#dirty.add(affected);
    }
    const wasLocal = this.#localPods.delete(key);
    if (pod?.node === this.#node) this.#localPods.add(key);
    if (wasLocal || pod?.node === this.#node) this.#dirty.add(key);
  }

  #updatePolicy(ref: PolicyRef, policy: Policy | null): void {
    const { namespace } = ref;
    const key = policyKey(ref);
    const siblings = this.#policies.get(namespace) ?? new Map<PolicyKey, Policy>();
    this.#policies.set(namespace, siblings);
    const before = siblings.get(key);
    if (policy) siblings.set(key, policy);
    else siblings.delete(key);
    if (siblings.size === 0) this.#policies.delete(namespace);
    for (const podKey of this.#localPods) {
      const pod = this.#membership.pod(podKey);
      if (pod?.namespace !== namespace) continue;
      if ([before, policy].some((version) => version && selects(version.subject, pod.labels)))
        this.#dirty.add(podKey);
    }
  }

  #recompileDirty(): void {
    const endpoints = new Map(this.#endpoints);
    for (const key of this.#dirty) this.#recompile(key, endpoints);
    this.#dirty.clear();
    this.#endpoints = endpoints;
  }

  #recompile(key: PodKey, endpoints: Map<PodKey, CompiledEndpoint>): void {
    const pod = this.#localPods.has(key) ? this.#membership.pod(key) : null;
    const judged = this.#membership.judgedAt(key);
    const waits = pod !== null && awaitsAddress(pod);
    if (!waits) this.#quarantine.setWaiting(key, null);
    if (!pod || judged.length === 0) endpoints.delete(key);
    if (!pod || (judged.length === 0 && !waits)) return;
    const policies = [...(this.#policies.get(pod.namespace)?.values() ?? [])];
    const resolved = resolveEndpoint(pod, policies);
    if (waits) {
      const isolated = resolved.ingress.stages.length + resolved.egress.stages.length > 0;
      this.#quarantine.setWaiting(key, { namespace: pod.namespace, isolated });
      return;
    }
    const addresses = [...judged].sort((a, b) => familyOf(a) - familyOf(b) || (a < b ? -1 : 1));
    endpoints.set(podKey(pod.namespace, pod.name), compileEndpoint({ ...resolved, addresses }));
  }
}

/** Set by who may write to the namespace itself, which is not who writes pods into it. */
function mayForward(labels: Labels | null): boolean {
  return labels?.get('policyd.dev/may-forward') === 'true';
}
