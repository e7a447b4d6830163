/** What the policies of one node may come to. Over it a policy isolates without its rules (ADR 9). */
import type { PolicyRef } from '../model/policy-ref.ts';

export const RESOURCES = ['rules', 'sets', 'elements', 'peers'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Rules, sets and their elements as the kernel has them; and what the sets list, which each pod is compared with. */
export type Amounts = Readonly<Record<Resource, number>>;

export interface Budget {
  /** Of each policy alone. */
  readonly policy: Amounts;
  /** Of the policies of each namespace together; a set that several look up counts once. */
  readonly namespace: Amounts;
  readonly node: Amounts;
}

/** Ten times what 100,000 pods and 10,000 policies come to, and more (docs/performance.md). */
export const BUDGET: Budget = {
  policy: { rules: 10_000, sets: 1_000, elements: 500_000, peers: 200_000 },
  namespace: { rules: 50_000, sets: 4_000, elements: 2_000_000, peers: 2_000_000 },
  node: { rules: 100_000, sets: 8_000, elements: 4_000_000, peers: 4_000_000 },
};

/** A policy that is enforced without its rules, and why. */
export interface RefusedPolicy {
  readonly policy: PolicyRef;
  readonly message: string;
}

/** The first resource of which there is too much; null: of none. */
export function exceeded(amounts: Partial<Amounts>, limit: Amounts): Resource | null {
  return RESOURCES.find((resource) => (amounts[resource] ?? 0) > limit[resource]) ?? null;
}

/** `it comes to 12,000 rules, and may come to 10,000` */
export function excessText(
  who: string,
  resource: Resource,
  amounts: Partial<Amounts>,
  limit: Amounts,
): string {
  const [got, most] = [amounts[resource] ?? 0, limit[resource]].map((number) => number.toLocaleString('en'));
  return `${who} comes to ${got} ${resource}, and may come to ${most}`;
}
