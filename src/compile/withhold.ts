/**
 * What the kernel refused, left out so that all the rest can be committed. Guarantees: nobody is less
 * isolated than by the whole ruleset. A rule or a set that is left out only ever admitted somebody; who was
 * led into a chain that is left out is dropped, but for a pod's way to itself.
 */
import type { RuleOrigin } from '../model/endpoint.ts';
import type {
  Chain,
  ChainName,
  Element,
  ElementVerdict,
  NftMap,
  NftSet,
  Rule,
  SetName,
} from '../nft/objects.ts';
import type { CompiledTable } from './compiled.ts';
import { byName, chainName, hash, selfSet } from './names.ts';
import { ACCEPT, backend, chain, client, drop, FAMILIES, inSet, is, rule, setsOf } from './statements.ts';

export type Refusal =
  | { readonly kind: 'set'; readonly name: SetName }
  | { readonly kind: 'element'; readonly name: SetName; readonly element: Element }
  | { readonly kind: 'chain'; readonly name: ChainName }
  /** Wherever this very rule stands; `rule` is its JSON. */
  | { readonly kind: 'rule'; readonly rule: string };

export const CLOSED: ChainName = chainName('closed');

/** Equal for equal rules, wherever they stand. */
export function ruleText(own: Rule): string {
  return JSON.stringify(own);
}

/** Whether leaving it out only closes: not what serves everybody, and not what drops. */
export function canWithhold(refusal: Refusal, compiled: CompiledTable): boolean {
  switch (refusal.kind) {
    case 'chain':
      return compiled.origins.has(refusal.name) || isPodChain(refusal.name, compiled);
    case 'set':
      return compiled.meanings.has(refusal.name) && rulesOfSet(refusal.name, compiled).every(admits);
    case 'element': {
      const { name } = refusal;
      // Who is looked up not to be in a set is admitted without its elements.
      const closes = (each: Rule): boolean => admits(each) && !looksUp(each, name, '!=');
      return compiled.meanings.has(name) && rulesOfSet(name, compiled).every(closes);
    }
    case 'rule':
      return admits(JSON.parse(refusal.rule) as Rule);
  }
}

/** One pod's own, which it is dispatched to. */
export function isPodChain(name: ChainName, { endpoints }: CompiledTable): boolean {
  return [...endpoints.values()].some(({ ingress, egress }) => ingress === name || egress === name);
}

/** Those that look the set up. */
export function rulesOfSet(name: SetName, { ruleset }: CompiledTable): readonly Rule[] {
  return [...ruleset.chains.values()].flatMap(({ rules }) => rules.filter((each) => looksUp(each, name)));
}

/** As the right side of a match; `op`: of one with this operator only. */
export function looksUp({ statements }: Rule, name: SetName, op?: '!='): boolean {
  return statements.some(
    (each) =>
      each.kind === 'match' &&
      each.right.kind === 'set' &&
      each.right.name === name &&
      (op === undefined || each.op === op),
  );
}

function admits({ statements }: Rule): boolean {
  return statements.at(-1)?.kind !== 'drop';
}

/** The same object when nothing is refused. Every refusal has passed `canWithhold`. */
export function withhold(compiled: CompiledTable, refusals: readonly Refusal[]): CompiledTable {
  if (refusals.length === 0) return compiled;
  const { ruleset } = compiled;
  const rewriting = new Rewriting(compiled, refusals);
  const chains = new Map<ChainName, Chain>();
  for (const name of ruleset.chains.keys()) {
    const kept = rewriting.chain(name);
    if (kept) chains.set(kept.name, kept);
  }
  const maps = new Map([...ruleset.maps].map(([name, map]) => [name, rewriting.map(map)]));
  if (rewriting.closed) chains.set(CLOSED, closedChain());
  const before = lookedUp(ruleset.chains.values());
  const after = lookedUp(chains.values());
  const sets = new Map<SetName, NftSet>();
  for (const [name, set] of ruleset.sets) {
    if (after.has(name) || !before.has(name)) sets.set(name, withoutElements(set, refusals));
  }
  return {
    ...compiled,
    ruleset: { ...ruleset, chains: byName(chains), sets, maps },
    origins: byName(rewriting.origins),
    endpoints: new Map(
      [...compiled.endpoints].map(([key, { ingress, egress }]) => [
        key,
        { ingress: rewriting.entry(ingress), egress: rewriting.entry(egress) },
      ]),
    ),
  };
}

class Rewriting {
  readonly #compiled: CompiledTable;
  readonly #gone: ReadonlySet<string>;
  readonly #done = new Map<ChainName, Chain | null>();
  readonly origins = new Map<ChainName, readonly (readonly RuleOrigin[])[]>();
  /** Somebody is led to the chain that admits only a pod to itself. */
  closed = false;

  constructor(compiled: CompiledTable, refusals: readonly Refusal[]) {
    this.#compiled = compiled;
    this.#gone = new Set(
      refusals.flatMap((refusal) => {
        if (refusal.kind === 'element') return [];
        return [refusal.kind === 'rule' ? `rule ${refusal.rule}` : `${refusal.kind} ${refusal.name}`];
      }),
    );
  }

  /** null: left out. */
  chain(name: ChainName): Chain | null {
    const known = this.#done.get(name);
    if (known !== undefined) return known;
    const result = this.#rewrite(name);
    this.#done.set(name, result);
    return result;
  }

  entry(name: ChainName | null): ChainName | null {
    return name !== null && this.chain(name) === null ? CLOSED : name;
  }

  map(map: NftMap): NftMap {
    let changed = false;
    const elements = new Map<Element, ElementVerdict>();
    for (const [key, verdict] of map.elements) {
      const shut = verdict.kind === 'goto' && this.chain(verdict.chain) === null;
      elements.set(key, shut ? { kind: 'goto', chain: CLOSED } : verdict);
      changed ||= shut;
    }
    this.closed ||= changed;
    return changed ? { ...map, elements } : map;
  }

  #rewrite(name: ChainName): Chain | null {
    const { ruleset, origins } = this.#compiled;
    const own = ruleset.chains.get(name);
    const shared = origins.get(name);
    if (own === undefined || this.#gone.has(`chain ${name}`)) return null;
    // What serves everybody stays as it is, and ends the way down.
    if (shared === undefined && !isPodChain(name, this.#compiled)) return own;
    const kept = own.rules.flatMap((each, index) => {
      if (this.#isGone(each)) return [];
      return [{ rule: this.#redirected(each), origins: shared?.[index] ?? [] }];
    });
    const rules = kept.map((each) => each.rule);
    const same = rules.length === own.rules.length && rules.every((each, index) => each === own.rules[index]);
    const result = same ? own : chain(shared === undefined ? name : newName(name, rules), rules);
    if (shared !== undefined) this.origins.set(result.name, same ? shared : kept.map((each) => each.origins));
    return result;
  }

  #isGone(own: Rule): boolean {
    if (setsOf(own.statements).some((name) => this.#gone.has(`set ${name}`))) return true;
    return this.#gone.has(`rule ${ruleText(own)}`);
  }

  #redirected(own: Rule): Rule {
    const last = own.statements.at(-1);
    if (last?.kind !== 'goto') return own;
    const target = this.chain(last.chain);
    if (target?.name === last.chain) return own;
    const before = own.statements.slice(0, -1);
    if (target === null) {
      return drop(
        'refused-by-the-kernel',
        before.filter(({ kind }) => kind !== 'counter'),
      );
    }
    return { ...own, statements: [...before, { ...last, chain: target.name }] };
  }
}

/** Named by its rules like the one it stands for, so that it is written before anybody is led there. */
function newName(name: ChainName, rules: readonly Rule[]): ChainName {
  return chainName(`${name.slice(0, name.indexOf('_'))}_${hash(JSON.stringify(rules))}`);
}

function closedChain(): Chain {
  return chain(CLOSED, [
    ...FAMILIES.map((family) =>
      rule(
        [is({ kind: 'concat', parts: [client(family), backend(family)] }, inSet(selfSet(family))), ACCEPT],
        'self',
      ),
    ),
    drop('refused-by-the-kernel'),
  ]);
}

function lookedUp(chains: Iterable<Chain>): ReadonlySet<SetName> {
  return new Set([...chains].flatMap(({ rules }) => rules.flatMap(({ statements }) => setsOf(statements))));
}

function withoutElements(set: NftSet, refusals: readonly Refusal[]): NftSet {
  const gone = refusals.flatMap((each) =>
    each.kind === 'element' && each.name === set.name ? [each.element] : [],
  );
  if (gone.length === 0) return set;
  return { ...set, elements: new Set([...set.elements].filter((element) => !gone.includes(element))) };
}
