/**
 * Objects, one change at a time -> the ruleset of one node. Work follows what a change touches; what did
 * not change keeps its object identity, so that plan can skip it.
 * Guarantees the same bytes for the same objects, in whatever order they came (property-tested).
 */
import type { Cidr } from '../model/address.ts';
import { familyOf } from '../model/address.ts';
import type { Change, Pod, PodKey } from '../model/cluster.ts';
import type { Labels } from '../model/labels.ts';
import type { Policy } from '../model/policy.ts';
import { type PolicyKey, type PolicyRef, policyKey } from '../model/policy-ref.ts';
import { Membership } from '../policy/membership.ts';
import { awaitsAddress } from '../policy/owner.ts';
import { resolveEndpoint } from '../policy/resolve.ts';
import { selects } from '../policy/selector.ts';
import { Assembly } from './assembly.ts';
import { BUDGET, type Budget, type RefusedPolicy } from './budget.ts';
import type { CompiledTable } from './compiled.ts';
import { Costs } from './costs.ts';
import { type CompiledEndpoint, compileEndpoint } from './endpoint.ts';
import { guarded, withoutRules } from './guarded.ts';
import { byName } from './names.ts';
import { QuarantineSets } from './quarantine.ts';
import { StageCompiler } from './rules.ts';
import { SHAPES, type Shapes } from './shapes.ts';
import { skeleton } from './skeleton.ts';

export interface CompileOptions {
  /** Name of the node whose pods get rules. */
  readonly node: string;
  /** Ranges in which an address without a known pod can be dropped; empty: it never is. */
  readonly podRanges: readonly Cidr[];
  /** The cluster cannot be followed: the ranges stay closed. */
  readonly blind?: boolean;
  /** SHAPES unless given. */
  readonly shapes?: Shapes;
  /** BUDGET unless given. */
  readonly budget?: Budget;
}

export interface Forwarder {
  readonly pod: Pod;
  /** Its namespace lets it. */
  readonly allowed: boolean;
}

export class Compiler {
  readonly #node: string;
  readonly #stages: StageCompiler;
  readonly #membership = new Membership();
  readonly #policies = new Map<string, Map<PolicyKey, Policy>>();
  /** Of this node; the pods themselves are kept once, by the membership. */
  readonly #localPods = new Set<PodKey>();
  readonly #dirty = new Set<PodKey>();
  /** Never changed, only replaced. */
  #endpoints: ReadonlyMap<PodKey, JudgedEndpoint> = new Map();
  readonly #costs: Costs;
  /** Too much of all together, and what is left without their rules. */
  #over: ReadonlyMap<PolicyKey, RefusedPolicy> = new Map();
  #kept: Kept | null = null;
  readonly #assembly = new Assembly();
  readonly #skeleton = skeleton();
  readonly #quarantine: QuarantineSets;
  #compiled: CompiledTable | null = null;

  constructor(options: CompileOptions) {
    this.#node = options.node;
    const budget = options.budget ?? BUDGET;
    this.#stages = new StageCompiler(options.shapes ?? SHAPES, budget.policy);
    this.#costs = new Costs(budget);
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
    this.#compiled = this.#assembly.assemble(this.#skeleton, closed, this.#withinBudget(), this.#membership);
    this.#membership.retain(this.#costs.memberKeys());
    return this.#compiled;
  }

  /** Of the last result: the policies that isolate without their rules, by name. */
  refused(): readonly RefusedPolicy[] {
    const found = new Map<string, RefusedPolicy>();
    for (const { refused } of this.#endpoints.values())
      for (const each of refused) found.set(`${policyKey(each.policy)} ${each.message}`, each);
    for (const [key, each] of this.#over) found.set(`${key} ${each.message}`, each);
    return [...byName(found).values()];
  }

  /** The endpoints, those of policies that are too much compiled again without their rules. */
  #withinBudget(): ReadonlyMap<PodKey, CompiledEndpoint> {
    const over = this.#costs.over(this.#endpoints, this.#membership);
    this.#over = over;
    if (over.size === 0) return this.#endpoints;
    const closed = [...over.keys()].sort().join();
    if (this.#kept?.of === this.#endpoints && this.#kept.closed === closed) return this.#kept.endpoints;
    const endpoints = new Map<PodKey, CompiledEndpoint>(this.#endpoints);
    const namespaces = new Set([...over.values()].map(({ policy }) => policy.namespace));
    for (const key of endpoints.keys()) {
      const pod = this.#membership.pod(key);
      if (pod !== null && namespaces.has(pod.namespace)) endpoints.set(key, this.#endpoint(key, pod, over));
    }
    this.#kept = { of: this.#endpoints, closed, endpoints };
    return endpoints;
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
    this.#stages.nextPass();
    for (const key of this.#dirty) this.#recompile(key, endpoints);
    this.#dirty.clear();
    this.#endpoints = endpoints;
  }

  #recompile(key: PodKey, endpoints: Map<PodKey, JudgedEndpoint>): void {
    const pod = this.#localPods.has(key) ? this.#membership.pod(key) : null;
    const judged = this.#membership.judgedAt(key);
    const waits = pod !== null && awaitsAddress(pod);
    if (!waits) this.#quarantine.setWaiting(key, null);
    if (!pod || judged.length === 0) endpoints.delete(key);
    if (!pod || (judged.length === 0 && !waits)) return;
    if (waits) {
      const { result } = guarded(this.#policiesOf(pod), (policies) => resolveEndpoint(pod, policies));
      const isolated = result.ingress.stages.length + result.egress.stages.length > 0;
      this.#quarantine.setWaiting(key, { namespace: pod.namespace, isolated });
      return;
    }
    endpoints.set(key, this.#endpoint(key, pod));
  }

  /** `closed`: policies that isolate without their rules. */
  #endpoint(key: PodKey, pod: Pod, closed: ReadonlyMap<PolicyKey, unknown> = new Map()): JudgedEndpoint {
    const judged = this.#membership.judgedAt(key);
    const addresses = [...judged].sort((a, b) => familyOf(a) - familyOf(b) || (a < b ? -1 : 1));
    const policies = this.#policiesOf(pod).map((policy) =>
      closed.has(policyKey(policy)) ? withoutRules(policy) : policy,
    );
    const { result, refused } = guarded(policies, (list) =>
      compileEndpoint({ ...resolveEndpoint(pod, list), addresses }, this.#stages),
    );
    return { ...result, refused };
  }

  #policiesOf(pod: Pod): readonly Policy[] {
    const siblings = [...(this.#policies.get(pod.namespace)?.values() ?? [])];
    return siblings.filter(({ subject }) => selects(subject, pod.labels));
  }
}

interface JudgedEndpoint extends CompiledEndpoint {
  readonly refused: readonly RefusedPolicy[];
}

/** What was left of `of` without the policies `closed`. */
interface Kept {
  readonly of: ReadonlyMap<PodKey, JudgedEndpoint>;
  readonly closed: string;
  readonly endpoints: ReadonlyMap<PodKey, CompiledEndpoint>;
}

/** Set by who may write to the namespace itself, which is not who writes pods into it. */
function mayForward(labels: Labels | null): boolean {
  return labels?.get('policyd.dev/may-forward') === 'true';
}
