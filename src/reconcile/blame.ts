/**
 * From a refused nft command back to what the user knows, the policies and pods it was compiled from, and to
 * what can be left out so that the rest is accepted.
 */
import type { CompiledTable } from '../compile/compiled.ts';
import { canWithhold, isPodChain, type Refusal, rulesOfSet, ruleText } from '../compile/withhold.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import { policyText } from '../model/policy-ref.ts';
import { parseRuleComment } from '../nft/alphabet.ts';
import type { NftCommand } from '../nft/commands.ts';
import { decodeElement } from '../nft/elements.ts';
import type { ChainName, Rule, SetName } from '../nft/objects.ts';

export interface Blame {
  /** `add rule rules_1f2e`, for the log. */
  readonly command: string;
  /** `NetworkPolicy shop/api-allow`, `Pod shop/api`; empty when it serves all. */
  readonly objects: readonly string[];
  /** null: without it somebody could be less isolated, or it is not an object that is refused. */
  readonly refusal: Refusal | null;
}

/** `element`: index of the one element at fault, if it is only one. */
export function blame(command: NftCommand, element: number | null, compiled: CompiledTable): Blame {
  if ('flush' in command) {
    const { flush } = command;
    const objects = 'chain' in flush ? ofChain(flush.chain.name, null, compiled) : [];
    const what = 'chain' in flush ? `chain ${flush.chain.name}` : `set ${flush.set.name}`;
    return { command: `flush ${what}`, objects, refusal: null };
  }
  if ('delete' in command) return { ...describeDelete(command.delete, compiled), refusal: null };
  const found = describeAdd(command.add, element, compiled);
  return { ...found, refusal: usable(found.refusal, compiled) };
}

/** The refusal itself, or the whole set where leaving out an element would open. */
function usable(refusal: Refusal | null, compiled: CompiledTable): Refusal | null {
  if (refusal === null || canWithhold(refusal, compiled)) return refusal;
  return refusal.kind === 'element' ? usable({ kind: 'set', name: refusal.name }, compiled) : null;
}

type Added = Extract<NftCommand, { add: unknown }>['add'];
type Deleted = Extract<NftCommand, { delete: unknown }>['delete'];

function describeDelete(body: Deleted, compiled: CompiledTable): Omit<Blame, 'refusal'> {
  if ('table' in body) return { command: `delete table ${body.table.name}`, objects: [] };
  if ('chain' in body) {
    const { name } = body.chain;
    return { command: `delete chain ${name}`, objects: ofChain(name, null, compiled) };
  }
  if ('set' in body) {
    return {
      command: `delete set ${described(body.set.name, compiled)}`,
      objects: ofSet(body.set.name, compiled),
    };
  }
  if ('map' in body) return { command: `delete map ${body.map.name}`, objects: [] };
  const { name } = body.element;
  return { command: `delete element ${described(name, compiled)}`, objects: ofSet(name, compiled) };
}

function describeAdd(body: Added, element: number | null, compiled: CompiledTable): Blame {
  if ('table' in body) return { command: `add table ${body.table.name}`, objects: [], refusal: null };
  if ('map' in body) return { command: `add map ${body.map.name}`, objects: [], refusal: null };
  if ('chain' in body) {
    const name = body.chain.name as ChainName;
    const refusal = { kind: 'chain', name } as const;
    return { command: `add chain ${name}`, objects: ofChain(name, null, compiled), refusal };
  }
  if ('rule' in body) {
    const name = body.rule.chain as ChainName;
    const index = parseRuleComment(body.rule.comment)?.index ?? null;
    const refusal = ofRule(name, index, compiled);
    return { command: `add rule ${name}`, objects: ofChain(name, index, compiled), refusal };
  }
  const name = body.set.name as SetName;
  const objects = ofSet(name, compiled);
  const type = compiled.ruleset.sets.get(name)?.type ?? [];
  const text = element === null ? null : decodeElement(type, body.set.elem?.[element]);
  if (text === null) {
    return { command: `add set ${described(name, compiled)}`, objects, refusal: { kind: 'set', name } };
  }
  const refusal = { kind: 'element', name, element: text } as const;
  return { command: `add element ${text} to ${described(name, compiled)}`, objects, refusal };
}

/** The rule itself if a policy wrote it; else its whole chain. */
function ofRule(name: ChainName, index: number | null, compiled: CompiledTable): Refusal {
  const rule: Rule | undefined = index === null ? undefined : compiled.ruleset.chains.get(name)?.rules[index];
  const written = index !== null && (compiled.origins.get(name)?.[index] ?? []).length > 0;
  return rule !== undefined && written ? { kind: 'rule', rule: ruleText(rule) } : { kind: 'chain', name };
}

/** The policies of the rule, or of all the chain's rules; else the pods whose chain it is. */
function ofChain(name: string, index: number | null, compiled: CompiledTable): readonly string[] {
  const rules = compiled.origins.get(name as ChainName) ?? [];
  const own = index === null ? [] : (rules[index] ?? []);
  const policies = policiesOf(own.length > 0 ? [own] : rules);
  if (policies.length > 0) return policies;
  const chains = new Set(isPodChain(name as ChainName, compiled) ? [name] : leadingTo(name, compiled));
  return [...compiled.endpoints]
    .filter(([, ends]) => [ends.ingress, ends.egress].some((each) => each !== null && chains.has(each)))
    .map(([key]) => `Pod ${key}`)
    .sort();
}

/** Of pods that share a chain of rules in which no policy wrote anything. */
function leadingTo(name: string, { ruleset, origins }: CompiledTable): readonly string[] {
  if (!origins.has(name as ChainName)) return [];
  return [...ruleset.chains.values()]
    .filter(({ rules }) =>
      rules.some(({ statements }) => statements.some((each) => each.kind === 'goto' && each.chain === name)),
    )
    .map((chain) => chain.name);
}

/** The policies whose rules look it up. */
function ofSet(name: string, compiled: CompiledTable): readonly string[] {
  const rules = new Set(rulesOfSet(name as SetName, compiled));
  const origins = [...compiled.origins].flatMap(([chain, list]) => {
    const own = compiled.ruleset.chains.get(chain)?.rules ?? [];
    return list.filter((_, index) => {
      const rule = own[index];
      return rule !== undefined && rules.has(rule);
    });
  });
  return policiesOf(origins);
}

function policiesOf(origins: readonly (readonly RuleOrigin[])[]): readonly string[] {
  return [...new Set(origins.flat().map(({ policy }) => policyText(policy)))].sort();
}

/** A list of thousands of ports or blocks says enough in its beginning. */
const LONGEST_MEANING = 200;

function described(name: string, { meanings }: CompiledTable): string {
  const meaning = meanings.get(name as SetName);
  if (meaning === undefined) return name;
  return `${name} (${meaning.length > LONGEST_MEANING ? `${meaning.slice(0, LONGEST_MEANING)} ...` : meaning})`;
}
