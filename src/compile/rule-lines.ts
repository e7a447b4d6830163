/** One rule of a policy -> lines of a chain: one for each thing to look up and protocol of its ports. */
import type { Family } from '../model/address.ts';
import type { RuleOrigin, StageRule } from '../model/endpoint.ts';
import type { Direction } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { Expression, Rule, Statement } from '../nft/objects.ts';
import { note } from './names.ts';
import { peerings } from './peers.ts';
import { isProtocol, portLines } from './ports.ts';
import type { Lookup, SetUse } from './set-use.ts';
import type { Shapes } from './shapes.ts';
import {
  BACKEND_PORT,
  backend,
  type CtAddress,
  client,
  inSet,
  is,
  isNot,
  PROTOCOL,
  rule,
} from './statements.ts';

export interface Line {
  readonly rule: Rule;
  /** The one rule that it comes from. */
  readonly origins: readonly RuleOrigin[];
  readonly sets: readonly SetUse[];
}

/** Remembers what it made of a rule for as long as the rule is there: a policy selects many pods. */
export class RuleLines {
  readonly #shapes: Shapes;
  readonly #known = new WeakMap<StageRule, Map<string, readonly Line[]>>();

  constructor(shapes: Shapes) {
    this.#shapes = shapes;
  }

  /** `allowed` follows from the direction. */
  of(
    stageRule: StageRule,
    direction: Direction,
    families: readonly Family[],
    allowed: Statement,
  ): readonly Line[] {
    const known = this.#known.get(stageRule) ?? new Map<string, readonly Line[]>();
    this.#known.set(stageRule, known);
    const key = `${direction} ${families.join()}`;
    const lines = known.get(key) ?? compileRule(stageRule, direction, families, allowed, this.#shapes);
    known.set(key, lines);
    return lines;
  }
}

function compileRule(
  stageRule: StageRule,
  direction: Direction,
  families: readonly Family[],
  allowed: Statement,
  shapes: Shapes,
): readonly Line[] {
  const { origin } = stageRule;
  const origins = [origin];
  const comment = note(`${policyKey(origin.policy)}:${origin.direction}.${origin.index}`);
  const line = (matches: readonly Statement[], sets: readonly SetUse[] = []): Line => ({
    rule: rule([...matches, allowed], comment),
    origins,
    sets,
  });
  const { ports, peers } = stageRule;
  const plain = portLines(ports);
  const named = ports.kind === 'some' ? ports.named : [];
  const anybody = peers.kind === 'any' ? plain.map(({ matches, sets }) => line(matches, sets)) : [];
  const somebody = peerings(peers, named, plain.length > 0, families, shapes).flatMap(
    ({ family, lookups, protocol }) => {
      const end = direction === 'ingress' ? client(family) : backend(family);
      const asked = lookups.map((lookup) => lookUp(lookup, end));
      const used = lookups.map(({ use }) => use);
      if (protocol !== null) return [line([isProtocol(protocol), ...asked], used)];
      return plain.map(({ matches, sets }) => line([...asked, ...matches], [...used, ...sets]));
    },
  );
  return [...anybody, ...somebody];
}

function lookUp({ use, key, negated }: Lookup, end: CtAddress): Statement {
  return (negated ? isNot : is)(keyExpression(key, end), inSet(use.name));
}

function keyExpression(key: Lookup['key'], end: CtAddress): Expression {
  switch (key.kind) {
    case 'address':
      return end;
    case 'prefix':
      return { ...end, prefix: key.length };
    case 'address and protocol':
      return { kind: 'concat', parts: [end, PROTOCOL] };
    case 'address and port':
      return { kind: 'concat', parts: [end, BACKEND_PORT] };
  }
}
