/**
 * Which policies lose when there is too much of them. That follows from what they come to and from their names,
 * never from what came first: the largest, the last by name of equal ones; on the node as a whole those of the
 * namespace that asks for most, so that nobody loses to another's greed.
 */
import type { PolicyKey, PolicyRef } from '../model/policy-ref.ts';
import type { SetName } from '../nft/objects.ts';
import {
  type Amounts,
  type Budget,
  exceeded,
  excessText,
  RESOURCES,
  type RefusedPolicy,
  type Resource,
} from './budget.ts';

/** What one policy comes to. */
export interface PolicyCost {
  readonly policy: PolicyRef;
  readonly rules: number;
  readonly sets: ReadonlySet<SetName>;
}

export type PolicyCosts = ReadonlyMap<PolicyKey, PolicyCost>;
/** Of each set, whoever looks it up. */
export type SetCosts = ReadonlyMap<SetName, Pick<Amounts, 'elements' | 'peers'>>;

type Entry = readonly [PolicyKey, PolicyCost];

/** Those that lose; all others together keep to the budget. */
export function overBudget(
  costs: PolicyCosts,
  sets: SetCosts,
  budget: Budget,
): ReadonlyMap<PolicyKey, RefusedPolicy> {
  const refused = new Map<PolicyKey, RefusedPolicy>();
  const refuse = ([key, { policy }]: Entry, excess: string): void => {
    refused.set(key, { policy, message: `closed instead: ${excess}` });
  };
  const alone = new Map([...costs].map(([key, cost]) => [key, new Total([cost], sets).amounts()]));
  const amountOf = (key: PolicyKey, resource: Resource): number => alone.get(key)?.[resource] ?? 0;
  const left = (resource: Resource): readonly Entry[] =>
    [...costs]
      .filter(([key]) => !refused.has(key))
      .sort(([a], [b]) => amountOf(b, resource) - amountOf(a, resource) || (a < b ? 1 : -1));

  for (const entry of costs) {
    const amounts = alone.get(entry[0]) ?? {};
    const over = exceeded(amounts, budget.policy);
    if (over !== null) refuse(entry, excessText('it', over, amounts, budget.policy));
  }
  for (const resource of RESOURCES) {
    for (const [namespace, entries] of byNamespace(left(resource))) {
      const total = new Total(costsOf(entries), sets);
      for (const entry of entries) {
        const amounts = total.amounts();
        if (amounts[resource] <= budget.namespace[resource]) break;
        total.remove(entry[1]);
        refuse(
          entry,
          excessText(`with all of namespace ${namespace} it`, resource, amounts, budget.namespace),
        );
      }
    }
  }
  for (const resource of RESOURCES) {
    const shares = [...byNamespace(left(resource))].map(
      ([namespace, entries]) => new Share(namespace, entries, new Total(costsOf(entries), sets)),
    );
    const all = new Total(costsOf(left(resource)), sets);
    for (let amounts = all.amounts(); amounts[resource] > budget.node[resource]; amounts = all.amounts()) {
      const entry = greediest(shares, resource)?.take();
      if (entry === undefined) break;
      all.remove(entry[1]);
      refuse(entry, excessText('with all of this node it', resource, amounts, budget.node));
    }
  }
  return refused;
}

function costsOf(entries: readonly Entry[]): readonly PolicyCost[] {
  return entries.map(([, cost]) => cost);
}

function byNamespace(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const { namespace } = entry[1].policy;
    const group = groups.get(namespace);
    if (group) group.push(entry);
    else groups.set(namespace, [entry]);
  }
  return groups;
}

/** What is left of one namespace's policies, largest first. */
class Share {
  readonly namespace: string;
  readonly total: Total;
  readonly #entries: readonly Entry[];
  #next = 0;

  constructor(namespace: string, entries: readonly Entry[], total: Total) {
    this.namespace = namespace;
    this.total = total;
    this.#entries = entries;
  }

  get empty(): boolean {
    return this.#next === this.#entries.length;
  }

  take(): Entry | undefined {
    const entry = this.#entries[this.#next];
    if (entry === undefined) return undefined;
    this.#next += 1;
    this.total.remove(entry[1]);
    return entry;
  }
}

function greediest(shares: readonly Share[], resource: Resource): Share | undefined {
  let most: Share | undefined;
  for (const share of shares) {
    if (share.empty) continue;
    const difference =
      most === undefined ? 1 : share.total.amounts()[resource] - most.total.amounts()[resource];
    if (difference > 0 || (difference === 0 && share.namespace > (most?.namespace ?? ''))) most = share;
  }
  return most;
}

/** Of several policies together, each set once. */
class Total {
  readonly #sets: SetCosts;
  readonly #users = new Map<SetName, number>();
  #rules = 0;
  #elements = 0;
  #peers = 0;

  constructor(costs: readonly PolicyCost[], sets: SetCosts) {
    this.#sets = sets;
    for (const cost of costs) this.#count(cost, 1);
  }

  amounts(): Amounts {
    return { rules: this.#rules, sets: this.#users.size, elements: this.#elements, peers: this.#peers };
  }

  remove(cost: PolicyCost): void {
    this.#count(cost, -1);
  }

  #count({ rules, sets }: PolicyCost, sign: 1 | -1): void {
    this.#rules += sign * rules;
    for (const name of sets) {
      const before = this.#users.get(name) ?? 0;
      const after = before + sign;
      if (after === 0) this.#users.delete(name);
      else this.#users.set(name, after);
      if (before > 0 && after > 0) continue;
      const { elements, peers } = this.#sets.get(name) ?? { elements: 0, peers: 0 };
      this.#elements += sign * elements;
      this.#peers += sign * peers;
    }
  }
}
