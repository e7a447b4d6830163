/** One rule of one policy against one flow: does it admit it, and if not, how near did it come. */
import type { Policy, PolicyRule } from '../model/policy.ts';
import type { Condition, RuleReport } from './explanation.ts';
import { type DirectionQuestion, locate } from './judge.ts';
import { peerConditions } from './peer-conditions.ts';
import { portConditions } from './port-conditions.ts';
import { all, some, type Ternary } from './ternary.ts';

/** With the conditions of the peer and the port that come nearest. */
export function judgeRule(question: DirectionQuestion, policy: Policy, rule: PolicyRule): RuleReport {
  const peer =
    rule.peers.kind === 'any'
      ? ANY
      : nearest(rule.peers.peers.map((each) => peerConditions(question, policy, each)));
  const port =
    rule.ports.kind === 'any'
      ? ANY
      : nearest(rule.ports.ports.map((each) => portConditions(question, policy, each)));
  return {
    index: rule.index,
    admits: all([peer.ok, port.ok]),
    at: locate(question, policy, ['spec', question.direction, rule.index]),
    conditions: [...peer.conditions, ...port.conditions],
  };
}

/** Alternatives, of which one has to hold, and the conditions of the one that comes nearest. */
interface Alternatives {
  readonly ok: Ternary;
  readonly conditions: readonly Condition[];
}

const ANY: Alternatives = { ok: true, conditions: [] };

function nearest(alternatives: readonly (readonly Condition[])[]): Alternatives {
  let best: readonly Condition[] | null = null;
  for (const conditions of alternatives) {
    if (best === null || distance(conditions) < distance(best)) best = conditions;
  }
  // A list that lost all its entries to errors matches nothing.
  if (best === null) return { ok: false, conditions: [] };
  return {
    ok: some(alternatives.map((conditions) => all(conditions.map((condition) => condition.ok)))),
    conditions: best,
  };
}

/**
 * How far from holding: an unknown counts less than a failure, whatever else is unknown; among equals a
 * wrong kind of peer is further away than a wrong value.
 */
export function distance(conditions: readonly Condition[]): number {
  let sum = 0;
  for (const { ok, type } of conditions) {
    if (ok === false) sum += FAR.has(type) ? 1500 : 1000;
    else if (ok === null) sum += 1;
  }
  return sum;
}

const FAR: ReadonlySet<Condition['type']> = new Set(['pod', 'peer', 'ipBlock']);
