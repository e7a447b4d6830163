/**
 * Work on the policies of one pod that one of them makes fail: that one is refused, and isolates without its rules;
 * the work is done with all others. Nobody is less isolated, and nobody else pays.
 */
import type { Policy } from '../model/policy.ts';
import { policyRef } from '../model/policy-ref.ts';
import type { RefusedPolicy } from './budget.ts';

export interface Guarded<Result> {
  readonly result: Result;
  readonly refused: readonly RefusedPolicy[];
}

/** Throws only what it throws without any rules. */
export function guarded<Result>(
  policies: readonly Policy[],
  work: (policies: readonly Policy[]) => Result,
): Guarded<Result> {
  try {
    return { result: work(policies), refused: [] };
  } catch (error) {
    const guilty = failing(policies, work);
    // Alone each is well, together they are not: none is more to blame than another.
    const refused = guilty.size > 0 ? guilty : new Map(policies.map((policy) => [policy, error]));
    try {
      return finish(policies, refused, work);
    } catch (again) {
      return finish(policies, new Map(policies.map((policy) => [policy, again])), work);
    }
  }
}

/** As it isolates when its rules cannot be had. */
export function withoutRules(policy: Policy): Policy {
  return { ...policy, ingress: policy.ingress && [], egress: policy.egress && [] };
}

function failing(
  policies: readonly Policy[],
  work: (policies: readonly Policy[]) => unknown,
): ReadonlyMap<Policy, unknown> {
  const found = new Map<Policy, unknown>();
  for (const policy of policies) {
    try {
      work([policy]);
    } catch (error) {
      found.set(policy, error);
    }
  }
  return found;
}

function finish<Result>(
  policies: readonly Policy[],
  errors: ReadonlyMap<Policy, unknown>,
  work: (policies: readonly Policy[]) => Result,
): Guarded<Result> {
  return {
    result: work(policies.map((policy) => (errors.has(policy) ? withoutRules(policy) : policy))),
    refused: [...errors].map(([policy, error]) => ({
      policy: policyRef(policy),
      message: `closed instead: ${error instanceof TooMuch ? error.message : failureText(error)}`,
    })),
  };
}

/** A policy that was not compiled to its end, since it is over its budget already. */
export class TooMuch extends Error {}

function failureText(error: unknown): string {
  return `policyd failed to compile it, please report it: ${error instanceof Error ? error.message : String(error)}`;
}
