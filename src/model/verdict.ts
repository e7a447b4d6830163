import type { Address } from './address.ts';
import type { PodKey } from './cluster.ts';
import type { RuleOrigin } from './endpoint.ts';
import type { Direction } from './policy.ts';
import type { PolicyRef } from './policy-ref.ts';
import type { Transport } from './protocol.ts';

/**
 * A new connection as policies see it: after Service DNAT and before any masquerade (semantics H5).
 * Ports mean the destination port; the source port never matters (C6).
 */
export interface Flow {
  readonly source: Address;
  readonly destination: Address;
  readonly transport: Transport;
}

/** Policies allow or deny; packets are accepted or dropped. */
export type Allowance = 'allow' | 'deny';

/** Why; append-only, documented in docs/reasons.md. */
export type Reason =
  | 'ALLOWED_NOT_ISOLATED'
  | 'ALLOWED_BY_RULE'
  | 'ALLOWED_SELF'
  | 'ALLOWED_NODE_LOCAL'
  | 'ISOLATED_NO_RULES'
  | 'NO_RULE_MATCHED'
  | 'QUARANTINED';

/** One direction's judgement. `subject` is null when the address there is not a known pod's: no policy to judge by. */
export interface DirectionVerdict {
  readonly direction: Direction;
  readonly subject: PodKey | null;
  readonly allowance: Allowance;
  readonly reason: Reason;
  /** Policies that isolate the subject in this direction, sorted. */
  readonly isolatedBy: readonly PolicyRef[];
  /** Every rule that admits the flow, in policy order; empty when denied or not isolated. */
  readonly admittedBy: readonly RuleOrigin[];
}

/** Allowed needs both directions (B3). */
export interface FlowVerdict {
  readonly allowance: Allowance;
  readonly egress: DirectionVerdict;
  readonly ingress: DirectionVerdict;
}
