/**
 * The stages of one pod and direction -> chains, shared by every pod to which they come out the same.
 * Chains are named by the hash of their rules. A rule that matches nobody is left out; what is left ends
 * in an explicit verdict.
 */
import type { Family } from '../model/address.ts';
import type { RuleOrigin, Stage, StageRule } from '../model/endpoint.ts';
import type { Direction } from '../model/policy.ts';
import { type PolicyKey, type PolicyRef, policyKey } from '../model/policy-ref.ts';
import type { Chain, ChainName, SetName, Statement } from '../nft/objects.ts';
import { type Amounts, exceeded, excessText } from './budget.ts';
import { TooMuch } from './guarded.ts';
import { chainName, hash } from './names.ts';
import { type Line, RuleLines } from './rule-lines.ts';
import type { SetUse } from './set-use.ts';
import type { Shapes } from './shapes.ts';
import { chain, drop, goto, rule } from './statements.ts';

export interface CompiledStages {
  /** The chain a packet enters first. */
  readonly entry: ChainName;
  readonly chains: readonly Chain[];
  /** Per chain and rule index: the policy rules it comes from. */
  readonly origins: ReadonlyMap<ChainName, readonly (readonly RuleOrigin[])[]>;
  /** Sets the chains look up, by key (see peers). */
  readonly sets: readonly SetUse[];
}

/** Compiles what many pods have in common once: the rules for all, the chains for those of one pass. */
export class StageCompiler {
  readonly #lines: RuleLines;
  /** Of each policy. */
  readonly #budget: Amounts;
  readonly #ids = new WeakMap<StageRule, number>();
  #nextId = 0;
  #now = new Map<string, CompiledStages>();
  #before: ReadonlyMap<string, CompiledStages> = new Map();

  constructor(shapes: Shapes, budget: Amounts) {
    this.#lines = new RuleLines(shapes);
    this.#budget = budget;
  }

  /** What the last pass asked for is kept for one more; all else is let go. */
  nextPass(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** `allowed` is what passing this direction means: `goto stage_in` on the way out, `accept` on the way in. */
  compile(
    stages: readonly Stage[],
    direction: Direction,
    families: readonly Family[],
    allowed: Statement,
  ): CompiledStages {
    const key = JSON.stringify([
      direction,
      families,
      stages.map(({ rules, otherwise }) => [otherwise, rules.map((each) => this.#id(each)).join()]),
    ]);
    const compiled =
      this.#now.get(key) ?? this.#before.get(key) ?? this.#compile(stages, direction, families, allowed);
    this.#now.set(key, compiled);
    return compiled;
  }

  #compile(
    stages: readonly Stage[],
    direction: Direction,
    families: readonly Family[],
    allowed: Statement,
  ): CompiledStages {
    const chains: Chain[] = [];
    const origins = new Map<ChainName, readonly (readonly RuleOrigin[])[]>();
    const sets = new Map<SetName, SetUse>();
    let next = allowed;
    for (const stage of [...stages].reverse()) {
      const spent = new Spending(this.#budget);
      const lines = stage.rules.flatMap((each) =>
        spent.counted(each.origin.policy, this.#lines.of(each, direction, families, allowed)),
      );
      const rules = lines.map((line) => line.rule);
      rules.push(stage.otherwise === 'deny' ? drop('no-rule-admits') : rule([next]));
      const name = chainName(`${direction === 'ingress' ? 'rin' : 'rout'}_${hash(JSON.stringify(rules))}`);
      if (!origins.has(name)) chains.push(chain(name, rules));
      origins.set(name, [...lines.map((line) => line.origins), []]);
      for (const line of lines) for (const use of line.sets) sets.set(use.name, use);
      next = goto(name);
    }
    if (next.kind !== 'goto') throw new TypeError('a pod without stages has no chains');
    return { entry: next.chain, chains, origins, sets: [...sets.values()] };
  }

  #id(each: StageRule): number {
    const id = this.#ids.get(each) ?? this.#nextId;
    if (id === this.#nextId) {
      this.#ids.set(each, id);
      this.#nextId += 1;
    }
    return id;
  }
}

/** What the policies of one stage come to so far, so that one that is too much ends early. */
class Spending {
  readonly #limit: Amounts;
  readonly #spent = new Map<PolicyKey, { rules: number; elements: number; readonly sets: Set<SetName> }>();

  constructor(limit: Amounts) {
    this.#limit = limit;
  }

  /** The same lines. Throws TooMuch. */
  counted(policy: PolicyRef, lines: readonly Line[]): readonly Line[] {
    const key = policyKey(policy);
    const spent = this.#spent.get(key) ?? { rules: 0, elements: 0, sets: new Set<SetName>() };
    this.#spent.set(key, spent);
    spent.rules += lines.length;
    for (const use of lines.flatMap(({ sets }) => sets)) {
      if (spent.sets.has(use.name)) continue;
      spent.sets.add(use.name);
      // Who the members are is asked when the whole is known.
      if (use.kind === 'fixed') spent.elements += use.set.elements.size;
    }
    const amounts = { ...spent, sets: spent.sets.size };
    const over = exceeded(amounts, this.#limit);
    if (over !== null) throw new TooMuch(excessText('it', over, amounts, this.#limit));
    return lines;
  }
}
