/**
 * One direction of a flow: the verdict is `policy/evaluate`'s, the details are this folder's, and where a
 * detail rests on a fact nobody gave the verdict is unknown. Details that contradict the verdict are a
 * defect of policyd and end the explanation: nothing false is printed.
 */
import type { Pod } from '../model/cluster.ts';
import { Failure } from '../model/failure.ts';
import type { Direction } from '../model/policy.ts';
import type { DirectionVerdict } from '../model/verdict.ts';
import { policiesOf } from '../policy/evaluate.ts';
import { podName } from '../world/place.ts';
import type { ConditionType, DirectionReport, MissingFact, PolicyReport, Verdict } from './explanation.ts';
import type { DirectionQuestion } from './judge.ts';
import { missingFacts } from './missing.ts';
import { byEffect, judgePolicy } from './policy.ts';
import type { ReasonCode } from './reasons.ts';

export interface JudgedDirection {
  readonly report: DirectionReport;
  readonly missing: readonly MissingFact[];
}

/** One that no policy judges; `subject` is null where no pod is. */
export function freeDirection(
  direction: Direction,
  subject: Pod | null,
  reason: ReasonCode,
): JudgedDirection {
  return {
    report: {
      direction,
      subject: subject && podName(subject),
      verdict: 'allowed',
      reason,
      isolating: 0,
      policies: [],
    },
    missing: [],
  };
}

/** `evaluated` is what `policy/evaluate` says of the same flow; INTERNAL where the details contradict it. */
export function judgeDirection(question: DirectionQuestion, evaluated: DirectionVerdict): JudgedDirection {
  const { world, subject, direction } = question;
  const policies = policiesOf(world.snapshot, subject.namespace)
    .map((policy) => judgePolicy(question, policy))
    .sort(byEffect);
  const isolating = policies.filter((policy) => ISOLATING.has(policy.effect));
  const verdict = verdictOf(isolating);
  const expected: Verdict = evaluated.allowance === 'allow' ? 'allowed' : 'denied';
  if (verdict !== 'unknown' && verdict !== expected) {
    throw new Failure(
      'INTERNAL',
      `the explanation (${verdict}) contradicts the evaluation (${expected}) in ${direction} of ${podName(subject)}`,
      { hint: 'this is a defect of policyctl: please report it with the policies' },
    );
  }
  const missing = verdict === 'unknown' ? missingFacts(question, isolating) : [];
  return {
    report: {
      direction,
      subject: podName(subject),
      verdict,
      reason: reasonOf(verdict, isolating, missing),
      isolating: isolating.length,
      policies,
    },
    missing,
  };
}

const ISOLATING: ReadonlySet<PolicyReport['effect']> = new Set(['admits', 'does-not-admit', 'undecidable']);

function verdictOf(isolating: readonly PolicyReport[]): Verdict {
  if (isolating.length === 0 || isolating.some((policy) => policy.effect === 'admits')) return 'allowed';
  return isolating.some((policy) => policy.effect === 'undecidable') ? 'unknown' : 'denied';
}

function reasonOf(
  verdict: Verdict,
  isolating: readonly PolicyReport[],
  missing: readonly MissingFact[],
): ReasonCode {
  if (verdict === 'unknown') return missing[0]?.code ?? 'UNKNOWN_ADDRESS';
  if (verdict === 'allowed') return isolating.length === 0 ? 'ALLOWED_NOT_ISOLATED' : 'ALLOWED_BY_RULE';
  const nearest = isolating[0]?.rules[0];
  if (nearest === undefined) return 'ISOLATED_NO_RULES';
  const failed = nearest.conditions.find((condition) => condition.ok === false);
  return failed === undefined ? 'NO_RULE_MATCHED_INVALID_PEER' : MISS[failed.type];
}

const MISS: Readonly<Record<ConditionType, ReasonCode>> = {
  namespace: 'NO_RULE_MATCHED_NAMESPACE',
  'namespace label': 'NO_RULE_MATCHED_NAMESPACE',
  pod: 'NO_RULE_MATCHED_NOT_A_POD',
  'pod label': 'NO_RULE_MATCHED_POD_LABEL',
  ipBlock: 'NO_RULE_MATCHED_IPBLOCK',
  except: 'NO_RULE_MATCHED_IPBLOCK_EXCEPT',
  peer: 'NO_RULE_MATCHED_INVALID_PEER',
  protocol: 'NO_RULE_MATCHED_PROTOCOL',
  port: 'NO_RULE_MATCHED_PORT',
  'named port': 'NO_RULE_MATCHED_NAMED_PORT',
};
