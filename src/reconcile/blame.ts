/** From a refused nft command back to what the user knows: the policies and pods it was compiled from. */
import type { Compiled } from '../compile/compiled.ts';
import { parseRuleComment } from '../nft/alphabet.ts';
import type { NftCommand } from '../nft/commands.ts';
import type { ChainName, SetName } from '../nft/objects.ts';

export interface Blame {
  /** `add rule rules_1f2e`, for the log. */
  readonly command: string;
  /** `NetworkPolicy shop/api-allow`, `Pod shop/api`; empty when it serves all. */
  readonly objects: readonly string[];
}

export function blame(command: NftCommand, compiled: Compiled): Blame {
  if ('flush' in command) {
    const { flush } = command;
    return 'chain' in flush
      ? { command: `flush chain ${flush.chain.name}`, objects: ofChain(flush.chain.name, null, compiled) }
      : { command: `flush set ${flush.set.name}`, objects: ofSet(flush.set.name, compiled) };
  }
  const [verb, body] =
    'add' in command ? (['add', command.add] as const) : (['delete', command.delete] as const);
  if ('table' in body) return { command: `${verb} table ${body.table.name}`, objects: [] };
  if ('rule' in body) {
    const index = parseRuleComment(body.rule.comment)?.index ?? null;
    return { command: `${verb} rule ${body.rule.chain}`, objects: ofChain(body.rule.chain, index, compiled) };
  }
  if ('chain' in body) {
    return { command: `${verb} chain ${body.chain.name}`, objects: ofChain(body.chain.name, null, compiled) };
  }
  if ('set' in body)
    return { command: `${verb} set ${body.set.name}`, objects: ofSet(body.set.name, compiled) };
  if ('map' in body) return { command: `${verb} map ${body.map.name}`, objects: [] };
  return { command: `${verb} element ${body.element.name}`, objects: ofSet(body.element.name, compiled) };
}

/** The policies of the rule, or of all the chain's rules; else the pods whose chain it is. */
function ofChain(name: string, index: number | null, compiled: Compiled): readonly string[] {
  const rules = compiled.origins.get(name as ChainName) ?? [];
  const own = index === null ? [] : (rules[index] ?? []);
  const origins = own.length > 0 ? own : rules.flat();
  const policies = new Set(origins.map(({ policy }) => `NetworkPolicy ${policy}`));
  if (policies.size > 0) return [...policies].sort();
  return [...compiled.endpoints]
    .filter(([, { ingress, egress }]) => ingress === name || egress === name)
    .map(([key]) => `Pod ${key}`)
    .sort();
}

function ofSet(name: string, compiled: Compiled): readonly string[] {
  const meaning = compiled.setMeanings.get(name as SetName);
  return meaning === undefined ? [] : [`set ${name} (${meaning})`];
}
