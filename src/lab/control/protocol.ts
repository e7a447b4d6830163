import { z } from 'zod';
import { degradationSchema, objectProblemSchema, type ReadStatus } from '../../status/schema.ts';

/**
 * The lab's control channel: JSON over HTTP on the unix socket that POLICYD_LAB names.
 * GET /v1/state, POST /v1/sync, POST /v1/probe, POST /v1/probes, GET /v1/nodes/NAME/ruleset.
 * Errors: `{ message }` with 4xx or 5xx.
 */
export const LAB_SOCKET_VARIABLE = 'POLICYD_LAB';

export interface LabNodeState {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
  /** null: the lab runs without policyd. */
  readonly policyd: PolicydState | null;
  readonly services: ForwardingState;
}

/** How far Services are forwarded on a node. */
export interface ForwardingState {
  /** The kernel forwards what the API server holds now. */
  readonly inSync: boolean;
  /** A sentence, while it does not. */
  readonly waitingFor: string | null;
}

/** What its /status says, as far as a user of the lab asks for it, and what the lab knows of the process. */
export interface PolicydState extends Pick<ReadStatus, 'ready' | 'inSync' | 'degraded' | 'problems'> {
  readonly running: boolean;
  /** In the lab's pid namespace; null while it does not run. */
  readonly pid: number | null;
  /** null while it says nothing. */
  readonly revision: number | null;
  readonly restarts: number;
}

export interface LabPodState {
  readonly namespace: string;
  readonly name: string;
  readonly node: string | null;
  readonly phase: string;
  readonly hostNetwork: boolean;
  readonly addresses: readonly string[];
  /** Probes can start here. */
  readonly resident: boolean;
}

export interface LabStateReport {
  readonly name: string;
  readonly apiServer: string;
  readonly families: readonly (4 | 6)[];
  readonly root: { readonly addresses: readonly string[] };
  readonly external: { readonly addresses: readonly string[]; readonly ports: readonly number[] };
  readonly nodes: readonly LabNodeState[];
  readonly pods: readonly LabPodState[];
}

export type ProbeSource = { readonly pod: string } | { readonly node: string } | { readonly external: true };

export interface ProbeQuery {
  /** `pod` is `namespace/name`. */
  readonly from: ProbeSource;
  readonly to: { readonly address: string; readonly port: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP' };
  readonly timeoutMs: number;
}

export interface ProbeReport {
  readonly outcome: 'connected' | 'blocked' | 'refused' | 'error';
  readonly milliseconds: number;
  readonly detail: string;
}

/** Several at once, in any order; each source has at most 12 under way. The answers are in the order of the queries. */
export interface ProbesQuery {
  readonly queries: readonly ProbeQuery[];
}

export interface ProbesReport {
  readonly reports: readonly ProbeReport[];
}

/** More of one source would wait too long for their turn. */
export const MOST_PROBES = 500;

export interface SyncReport {
  readonly synced: boolean;
  readonly milliseconds: number;
  /** What is missing when not synced: sentences for the user. */
  readonly waitingFor: readonly string[];
}

export interface RulesetReport {
  readonly node: string;
  /** The node's policyd has committed everything the API server has. */
  readonly inSync: boolean;
  /** `nft -j list table inet policyd`; null when there is no such table. */
  readonly listing: unknown;
}

const addresses = z.array(z.string());

export const probeQuerySchema: z.ZodType<ProbeQuery> = z.strictObject({
  from: z.union([
    z.strictObject({ pod: z.string() }),
    z.strictObject({ node: z.string() }),
    z.strictObject({ external: z.literal(true) }),
  ]),
  to: z.strictObject({
    address: z.union([z.ipv4(), z.ipv6()]),
    port: z.int().min(1).max(65_535),
    protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  }),
  timeoutMs: z.int().min(1).max(60_000),
});

export const probesQuerySchema: z.ZodType<ProbesQuery> = z.strictObject({
  queries: z.array(probeQuerySchema).max(MOST_PROBES),
});

export const syncQuerySchema: z.ZodType<{ readonly timeoutMs: number }> = z.strictObject({
  timeoutMs: z.int().min(0).max(600_000),
});

export const probeReportSchema: z.ZodType<ProbeReport> = z.object({
  outcome: z.enum(['connected', 'blocked', 'refused', 'error']),
  milliseconds: z.number(),
  detail: z.string(),
});

export const probesReportSchema: z.ZodType<ProbesReport> = z.object({ reports: z.array(probeReportSchema) });

export const syncReportSchema: z.ZodType<SyncReport> = z.object({
  synced: z.boolean(),
  milliseconds: z.number(),
  waitingFor: z.array(z.string()),
});

export const rulesetReportSchema: z.ZodType<RulesetReport> = z.object({
  node: z.string(),
  inSync: z.boolean(),
  listing: z.unknown(),
});

export const labStateSchema: z.ZodType<LabStateReport> = z.object({
  name: z.string(),
  apiServer: z.string(),
  families: z.array(z.union([z.literal(4), z.literal(6)])),
  root: z.object({ addresses }),
  external: z.object({ addresses, ports: z.array(z.int()) }),
  nodes: z.array(
    z.object({
      name: z.string(),
      addresses,
      podCidrs: z.array(z.string()),
      policyd: z
        .object({
          running: z.boolean(),
          pid: z.int().nullable(),
          ready: z.boolean(),
          inSync: z.boolean(),
          revision: z.number().nullable(),
          restarts: z.int(),
          degraded: z.array(degradationSchema),
          problems: z.array(objectProblemSchema),
        })
        .nullable(),
      services: z.object({ inSync: z.boolean(), waitingFor: z.string().nullable() }),
    }),
  ),
  pods: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      node: z.string().nullable(),
      phase: z.string(),
      hostNetwork: z.boolean(),
      addresses,
      resident: z.boolean(),
    }),
  ),
});
