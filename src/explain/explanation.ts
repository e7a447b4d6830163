/**
 * What `policyctl explain` says, as data: the JSON output is this object, and the text is rendered from it
 * and nothing else. Version `policyctl.dev/v1`: fields are added, never renamed or removed.
 */
import type { Family } from '../model/address.ts';
import type { Direction } from '../model/policy.ts';
import type { PolicyRef } from '../model/policy-ref.ts';
import type { Protocol } from '../model/protocol.ts';
import type { At, Input } from '../world/world.ts';
import type { KernelReport } from './kernel-report.ts';
import type { ReasonCode } from './reasons.ts';

export const API_VERSION = 'policyctl.dev/v1';

export type Verdict = 'allowed' | 'denied' | 'unknown';

export interface Explanation {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Explanation';
  readonly query: Query;
  readonly input: Input;
  /** allowed: on at least one of the ports asked about, at every endpoint behind it. */
  readonly verdict: Verdict;
  readonly reason: ReasonCode;
  readonly summary: string;
  /** What was taken for granted. */
  readonly assumptions: readonly string[];
  /** Facts without which a verdict is unknown. */
  readonly missing: readonly MissingFact[];
  readonly flows: readonly FlowReport[];
}

export interface Query {
  readonly source: string;
  readonly destination: string;
  readonly port: string | null;
  readonly namespace: string;
}

export interface MissingFact {
  readonly code: ReasonCode;
  readonly fact: string;
  /** How to get it. */
  readonly hint: string;
}

/** One connection: two ends, a protocol, a port. */
export interface FlowReport {
  readonly source: EndReport;
  readonly destination: EndReport;
  /** The Service the client dials; null when it dials the destination itself. */
  readonly via: { readonly service: string; readonly address: string | null; readonly port: number } | null;
  /** `8080/TCP`, `1000-2000/TCP`, `other TCP ports`, `other ports`. */
  readonly ports: string;
  /** null: several protocols, which are judged alike. */
  readonly protocol: Protocol | null;
  /** null: several ports. */
  readonly port: number | null;
  /** One of the ports meant. */
  readonly examplePort: number;
  readonly portName: string | null;
  /** A container of the destination declares it. */
  readonly declared: boolean;
  readonly families: readonly Family[];
  readonly verdict: Verdict;
  readonly reason: ReasonCode;
  readonly summary: string;
  readonly missing: readonly MissingFact[];
  /** Egress of the source, then ingress of the destination. */
  readonly directions: readonly DirectionReport[];
  /** null: not checked. */
  readonly kernel: KernelReport | null;
}

export interface EndReport {
  readonly kind: 'pod' | 'node' | 'address' | 'internet';
  /** `shop/web`, `node/a`, `10.0.0.1`, `internet`. */
  readonly name: string;
  /** Known addresses; empty where stand-ins were used. */
  readonly addresses: readonly string[];
  readonly node: string | null;
}

export interface DirectionReport {
  readonly direction: Direction;
  /** The pod judged, as `namespace/name`; null: no pod there, nothing to judge. */
  readonly subject: string | null;
  readonly verdict: Verdict;
  readonly reason: ReasonCode;
  /** How many policies isolate the subject in this direction. */
  readonly isolating: number;
  /** The policies of the subject's namespace: admitting ones first, then the nearest misses. */
  readonly policies: readonly PolicyReport[];
  /** Of a direction denied as QUARANTINED: which pods wait for an address there, and could be isolated. */
  readonly quarantine?: { readonly node: string; readonly waiting: readonly string[] };
}

/** What one NetworkPolicy does; a single one never denies. */
export type Effect = 'admits' | 'does-not-admit' | 'undecidable' | 'other-direction' | 'does-not-select';

export interface PolicyReport extends PolicyRef {
  readonly effect: Effect;
  readonly at: At | null;
  /** Parts that are invalid and therefore match nothing. */
  readonly problems: readonly string[];
  readonly rules: readonly RuleReport[];
}

export interface RuleReport {
  /** Position in spec.ingress or spec.egress. */
  readonly index: number;
  /** null: a fact is missing. */
  readonly admits: boolean | null;
  readonly at: At | null;
  /** Of the peer and the port that come nearest; all have to hold. */
  readonly conditions: readonly Condition[];
}

export type ConditionType =
  | 'namespace'
  | 'namespace label'
  | 'pod'
  | 'pod label'
  | 'ipBlock'
  | 'except'
  | 'peer'
  | 'protocol'
  | 'port'
  | 'named port';

export interface Condition {
  readonly type: ConditionType;
  readonly want: string;
  readonly have: string;
  /** null: a fact is missing. */
  readonly ok: boolean | null;
  readonly at: At | null;
}
