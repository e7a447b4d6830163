/** Which fact an undecided direction lacks, and how to get it. */

import { endName } from '../world/place.ts';
import type { MissingFact, PolicyReport } from './explanation.ts';
import type { DirectionQuestion } from './judge.ts';

/** Of the conditions that nobody can decide, each fact once. */
export function missingFacts(
  question: DirectionQuestion,
  policies: readonly PolicyReport[],
): readonly MissingFact[] {
  const facts = new Map<string, MissingFact>();
  for (const policy of policies) {
    for (const rule of policy.rules) {
      if (rule.admits !== null) continue;
      for (const condition of rule.conditions) {
        if (condition.ok !== null) continue;
        const fact =
          condition.type === 'namespace label'
            ? namespaceFact(question, condition.want)
            : addressFact(question, condition.want);
        facts.set(fact.fact, fact);
      }
    }
  }
  return [...facts.values()];
}

function namespaceFact({ other }: DirectionQuestion, want: string): MissingFact {
  const namespace = other.kind === 'pod' ? other.pod.namespace : '';
  return {
    code: 'UNKNOWN_NAMESPACE_LABELS',
    fact: `whether namespace ${namespace} has the label ${want}: no file describes it`,
    hint: `add a Namespace object named ${namespace} to the files`,
  };
}

function addressFact({ other }: DirectionQuestion, want: string): MissingFact {
  const block = want.replace(/^not /, '');
  if (other.kind === 'internet') {
    return {
      code: 'UNKNOWN_ADDRESS',
      fact: `which internet address: a rule depends on ${block}`,
      hint: 'name one address in place of internet',
    };
  }
  if (other.kind === 'node' || (other.kind === 'pod' && other.pod.hostNetwork)) {
    return {
      code: 'UNKNOWN_HOST_NETWORK',
      fact: `whether the address of ${endName(other)}, which is a node's, is in ${block}`,
      hint: 'add the Node with status.addresses to the files, or ask the cluster',
    };
  }
  return {
    code: 'UNKNOWN_ADDRESS',
    fact: `whether the address of ${endName(other)} is in ${block}: it has none yet`,
    hint: 'add status.podIPs to the pod, or spec.podCIDRs to its Node, or ask the cluster',
  };
}
