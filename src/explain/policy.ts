/** What one NetworkPolicy of the subject's namespace does to one direction of a flow. */
import type { Policy } from '../model/policy.ts';
import { selects } from '../policy/selector.ts';
import type { Effect, PolicyReport, RuleReport } from './explanation.ts';
import { type DirectionQuestion, locate } from './judge.ts';
import { distance, judgeRule } from './rule.ts';
import { some } from './ternary.ts';

/** Its effect on the question's direction; the rules nearest to admitting first. */
export function judgePolicy(question: DirectionQuestion, policy: Policy): PolicyReport {
  const rules = policy[question.direction];
  const selected = selects(policy.subject, question.subject.labels);
  if (!selected || rules === null) {
    const effect: Effect = selected ? 'other-direction' : 'does-not-select';
    return report(question, policy, effect, []);
  }
  const judged = rules.map((rule) => judgeRule(question, policy, rule));
  const admits = some(judged.map((rule) => rule.admits));
  const effect: Effect = admits === null ? 'undecidable' : admits ? 'admits' : 'does-not-admit';
  return report(question, policy, effect, judged);
}

function report(
  question: DirectionQuestion,
  policy: Policy,
  effect: Effect,
  rules: readonly RuleReport[],
): PolicyReport {
  const path = effect === 'does-not-select' ? ['spec', 'podSelector'] : ['spec'];
  return {
    kind: 'NetworkPolicy',
    namespace: policy.namespace,
    name: policy.name,
    effect,
    at: locate(question, policy, path),
    problems: policy.problems.map((problem) => `${problem.path.join('.')}: ${problem.detail}`),
    rules: [...rules].sort(byNearness),
  };
}

/** Admitting rules first, then those with the fewest failed conditions, then as written. */
export function byNearness(a: RuleReport, b: RuleReport): number {
  return rank(a) - rank(b) || a.index - b.index;
}

function rank(rule: RuleReport): number {
  if (rule.admits === true) return -1;
  return rule.conditions.length === 0 ? Number.MAX_SAFE_INTEGER : distance(rule.conditions);
}

const EFFECTS: readonly Effect[] = [
  'admits',
  'undecidable',
  'does-not-admit',
  'other-direction',
  'does-not-select',
];

/** Admitting policies first, then those that came nearest, then by name. */
export function byEffect(a: PolicyReport, b: PolicyReport): number {
  return (
    EFFECTS.indexOf(a.effect) - EFFECTS.indexOf(b.effect) ||
    nearestRank(a) - nearestRank(b) ||
    (a.name < b.name ? -1 : 1)
  );
}

function nearestRank({ rules: [first] }: PolicyReport): number {
  return first === undefined ? Number.MAX_SAFE_INTEGER : rank(first);
}
