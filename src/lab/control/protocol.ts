import { z } from 'zod';
import type { SyncReport } from '../../channel/channel.ts';
import type { ProbeQuery, ProbeReport } from '../../channel/probe.ts';

/**
 * The lab's control channel: JSON over HTTP on the unix socket that POLICYD_LAB names.
 * GET /v1/state, POST /v1/sync, POST /v1/probe, POST /v1/probes, GET /v1/nodes/NAME/ruleset.
 * Errors: `{ message }` with 4xx or 5xx.
 */
export const LAB_SOCKET_VARIABLE = 'POLICYD_LAB';

/** Several at once, in any order; each source has at most 12 under way. The answers are in the order of the queries. */
export interface ProbesQuery {
  readonly queries: readonly ProbeQuery[];
}

export interface ProbesReport {
  readonly reports: readonly ProbeReport[];
}

/** More of one source would wait too long for their turn. */
export const MOST_PROBES = 500;

export interface TableListing {
  readonly nftables: readonly unknown[];
}

export interface RulesetReport {
  readonly node: string;
  /** The node's policyd has committed everything the API server has. */
  readonly inSync: boolean;
  /** `nft -j list table inet policyd`; null when there is no such table. */
  readonly listing: unknown;
  /** The same of every table of policyd, whatever its family. */
  readonly tables: readonly TableListing[];
}

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
  tables: z.array(z.object({ nftables: z.array(z.unknown()) })),
});
