/**
 * The stages of one pod and direction -> chains, shared by every pod to which they come out the same.
 * Chains are named by the hash of their rules. A rule that matches nobody is left out; what is left ends
 * in an explicit verdict.
 */
import type { Family } from '../model/address.ts';
import type { RuleOrigin, Stage, StageRule } from '../model/endpoint.ts';
import type { Direction } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { Chain, ChainName, Expression, Rule, Statement } from '../nft/objects.ts';
import { chainName, hash, note } from './names.ts';
import { peerings, type SetUse } from './peers.ts';
import { isProtocol, portLines } from './ports.ts';
import { BACKEND_PORT, backend, chain, client, drop, goto, inSet, is, PROTOCOL, rule } from './statements.ts';

export interface CompiledStages {
  /** The chain a packet enters first. */
  readonly entry: ChainName;
  readonly chains: readonly Chain[];
  /** Per chain and rule index: the policy rules it comes from. */
  readonly origins: ReadonlyMap<ChainName, readonly (readonly RuleOrigin[])[]>;
  /** Sets the chains look up, by key (see peers). */
  readonly sets: readonly SetUse[];
}

/** `allowed` is what passing this direction means: `goto stage_in` on the way out, `accept` on the way in. */
export function compileStages(
  stages: readonly Stage[],
  direction: Direction,
  families: readonly Family[],
  allowed: Statement,
): CompiledStages {
  const chains: Chain[] = [];
  const origins = new Map<ChainName, readonly (readonly RuleOrigin[])[]>();
  const sets: SetUse[] = [];
  let next = allowed;
  for (const stage of [...stages].reverse()) {
    const lines = stage.rules.flatMap((stageRule) => compileRule(stageRule, direction, families, allowed));
    const rules = lines.map((line) => line.rule);
    rules.push(stage.otherwise === 'deny' ? drop('no-rule-admits') : rule([next]));
    const name = chainName(`${direction === 'ingress' ? 'rin' : 'rout'}_${hash(JSON.stringify(rules))}`);
    if (!origins.has(name)) chains.push(chain(name, rules));
    origins.set(name, [...lines.map((line) => [line.origin]), []]);
    sets.push(...lines.flatMap((line) => line.sets));
    next = goto(name);
  }
  if (next.kind !== 'goto') throw new TypeError('a pod without stages has no chains');
  return { entry: next.chain, chains, origins, sets };
}

interface Line {
  readonly rule: Rule;
  readonly origin: RuleOrigin;
  readonly sets: readonly SetUse[];
}

function compileRule(
  stageRule: StageRule,
  direction: Direction,
  families: readonly Family[],
  allowed: Statement,
): readonly Line[] {
  const { origin } = stageRule;
  const comment = note(`${policyKey(origin.policy)}:${origin.direction}.${origin.index}`);
  const line = (matches: readonly Statement[], sets: readonly SetUse[] = []): Line => ({
    rule: rule([...matches, allowed], comment),
    origin,
    sets,
  });
  const { ports, peers } = stageRule;
  const plain = portLines(ports);
  const named = ports.kind === 'some' ? ports.named : [];
  const anybody = peers.kind === 'any' ? plain.map(({ matches, sets }) => line(matches, sets)) : [];
  const somebody = families.flatMap((family) =>
    peerings(peers, named, plain.length > 0, family).flatMap((peering) => {
      const end = direction === 'ingress' ? client(family) : backend(family);
      const lookup = lookUp(peering, end);
      if (peering.port !== null) return [line([isProtocol(peering.port.protocol), lookup], [peering])];
      return plain.map(({ matches, sets }) => line([lookup, ...matches], [peering, ...sets]));
    }),
  );
  return [...anybody, ...somebody];
}

function lookUp(peering: SetUse, end: Expression): Statement {
  const set = inSet(peering.name);
  switch (peering.kind) {
    case 'fixed':
      return is({ kind: 'concat', parts: [end, PROTOCOL] }, set);
    case 'members':
      return is(peering.port === null ? end : { kind: 'concat', parts: [end, BACKEND_PORT] }, set);
  }
}
