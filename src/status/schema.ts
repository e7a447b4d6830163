/**
 * Reads what an agent says at GET /status, for the lab and policyctl. Guarantees: what an agent of this version
 * says is read whole; what a newer one says besides is passed over, and codes it has come to know are text.
 */
import { z } from 'zod';
import { type ResourceVersions, versionsFrom } from '../kinds/versions.ts';
import type { AgentStatus, BridgeStatus, Degradation, ObjectProblem, OtherChainStatus } from './status.ts';

/** Any `AgentStatus` is one of these. */
export interface ReadStatus extends Omit<AgentStatus, 'degraded'> {
  readonly degraded: readonly ReadDegradation[];
}

/** The code may be one that only newer agents know. */
export interface ReadDegradation extends Omit<Degradation, 'code'> {
  readonly code: string;
}

export const degradationSchema: z.ZodType<ReadDegradation> = z.object({
  code: z.string(),
  message: z.string(),
});

export const objectProblemSchema: z.ZodType<ObjectProblem> = z.object({
  object: z.string(),
  message: z.string(),
});

/** Of a kind that an agent does not follow it has seen nothing. */
const versionsSchema: z.ZodType<ResourceVersions> = z
  .record(z.string(), z.string())
  .transform((seen) => versionsFrom((resource) => seen[resource] ?? ''));

const bridgeSchema: z.ZodType<BridgeStatus> = z.object({
  name: z.string(),
  filtered: z.object({ ipv4: z.boolean(), ipv6: z.boolean() }),
});

const otherChainSchema: z.ZodType<OtherChainStatus> = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  hook: z.string(),
  priority: z.number(),
  policy: z.string(),
});

export const statusSchema: z.ZodType<ReadStatus> = z.object({
  node: z.string(),
  ready: z.boolean(),
  inSync: z.boolean(),
  verified: z.boolean(),
  repairs: z.number(),
  revision: z.number(),
  resourceVersions: versionsSchema,
  staleSeconds: z.number(),
  conntrack: z.object({ entries: z.number(), max: z.number() }).nullable(),
  eventLoopDelayMs: z.number(),
  degraded: z.array(degradationSchema),
  problems: z.array(objectProblemSchema),
  bridges: z.array(bridgeSchema),
  bridgeRepairs: z.number(),
  otherChains: z.array(otherChainSchema).nullable(),
});
