/** What the policies of a node come to: asked after every change, and looked into only when it is much. */
import type { PodKey } from '../model/cluster.ts';
import { type PolicyKey, type PolicyRef, policyKey } from '../model/policy-ref.ts';
import type { ChainName, SetName } from '../nft/objects.ts';
import type { Membership } from '../policy/membership.ts';
import type { Amounts, Budget, RefusedPolicy } from './budget.ts';
import type { CompiledEndpoint } from './endpoint.ts';
import { overBudget, type PolicyCosts, type SetCosts } from './over-budget.ts';
import type { CompiledStages } from './rules.ts';
import type { SetUse } from './set-use.ts';
import { setsOf } from './statements.ts';

type Endpoints = ReadonlyMap<PodKey, CompiledEndpoint>;

const NONE: ReadonlyMap<PolicyKey, RefusedPolicy> = new Map();

export class Costs {
  readonly #budget: Budget;
  readonly #least: Amounts;
  #endpoints: Endpoints | null = null;
  #rules = 0;
  #uses: ReadonlyMap<SetName, SetUse> = new Map();
  #policies: PolicyCosts | null = null;

  constructor(budget: Budget) {
    this.#budget = budget;
    const { policy, namespace, node } = budget;
    const least = (resource: keyof Amounts): number =>
      Math.min(policy[resource], namespace[resource], node[resource]);
    this.#least = {
      rules: least('rules'),
      sets: least('sets'),
      elements: least('elements'),
      peers: least('peers'),
    };
  }

  /** The policies that are too much, of all that the endpoints were compiled from. */
  over(endpoints: Endpoints, membership: Membership): ReadonlyMap<PolicyKey, RefusedPolicy> {
    if (endpoints !== this.#endpoints) this.#count(endpoints);
    let [elements, peers] = [0, 0];
    const sets = new Map<SetName, Pick<Amounts, 'elements' | 'peers'>>();
    for (const [name, use] of this.#uses) {
      const cost = costOf(use, membership);
      sets.set(name, cost);
      elements += cost.elements;
      peers += cost.peers;
    }
    const { rules, sets: most, elements: mostElements, peers: mostPeers } = this.#least;
    // What all come to together no single one can exceed.
    if (this.#rules <= rules && sets.size <= most && elements <= mostElements && peers <= mostPeers)
      return NONE;
    this.#policies ??= policyCosts(endpoints);
    return overBudget(this.#policies, sets satisfies SetCosts, this.#budget);
  }

  /** Of the sets that any of the policies looks up, too much or not. */
  memberKeys(): ReadonlySet<string> {
    return new Set([...this.#uses.values()].flatMap((use) => (use.kind === 'members' ? [use.key] : [])));
  }

  #count(endpoints: Endpoints): void {
    this.#endpoints = endpoints;
    this.#policies = null;
    const uses = new Map<SetName, SetUse>();
    const chains = new Map<ChainName, number>();
    for (const stages of stagesOf(endpoints)) {
      for (const { name, rules } of stages.chains) chains.set(name, rules.length);
      for (const use of stages.sets) uses.set(use.name, use);
    }
    this.#uses = uses;
    this.#rules = [...chains.values()].reduce((sum, count) => sum + count, 0);
  }
}

function costOf(use: SetUse, membership: Membership): Pick<Amounts, 'elements' | 'peers'> {
  if (use.kind === 'fixed') return { elements: use.set.elements.size, peers: 0 };
  return { elements: membership.set(use.key, use.meaning).elements.size, peers: use.meaning.scopes.length };
}

/** Many pods share one. */
function stagesOf(endpoints: Endpoints): ReadonlySet<CompiledStages> {
  const found = new Set<CompiledStages>();
  for (const { ingress, egress } of endpoints.values())
    for (const { stages } of [ingress, egress]) if (stages !== null) found.add(stages);
  return found;
}

function policyCosts(endpoints: Endpoints): PolicyCosts {
  const costs = new Map<PolicyKey, { policy: PolicyRef; rules: number; readonly sets: Set<SetName> }>();
  const seen = new Set<ChainName>();
  for (const { chains, origins } of stagesOf(endpoints)) {
    for (const { name, rules } of chains) {
      if (seen.has(name)) continue;
      seen.add(name);
      for (const [index, { statements }] of rules.entries()) {
        const policy = origins.get(name)?.[index]?.[0]?.policy;
        if (policy === undefined) continue;
        const key = policyKey(policy);
        const cost = costs.get(key) ?? { policy, rules: 0, sets: new Set<SetName>() };
        costs.set(key, cost);
        cost.rules += 1;
        for (const set of setsOf(statements)) cost.sets.add(set);
      }
    }
  }
  return costs;
}
