import { z } from 'zod';
import { TOPOLOGIES, type Topology } from '../network/topology.ts';

/**
 * What the launcher hands to the supervisor, as its one argument (JSON), and what the supervisor answers.
 *
 * The supervisor must be started inside fresh namespaces: PID 1 of a pid namespace with its own /proc,
 * private mounts with a tmpfs on /run, a network namespace in which nothing is configured yet, and every
 * capability over them. It never checks whether it may touch the network it finds: that is the launcher's
 * promise.
 *
 * Events are written to file descriptor `eventFd` (default 3), one JSON object a line. stdin, stdout and
 * stderr belong to the COMMAND. The descriptor should be a socket (what Node makes of stdio 'pipe'):
 * when the launcher's end closes, the lab ends.
 */

/** A program to run once the lab is ready and in sync; its environment is `env` plus the lab's own. */
export const commandSchema: z.ZodType<LabCommand> = z.strictObject({
  argv: z.array(z.string()).min(1),
  cwd: z.string().startsWith('/'),
  env: z.record(z.string(), z.string()),
});

export interface LabCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export type IpFamily = 'ipv4' | 'ipv6' | 'dual';

export interface SupervisorConfig {
  readonly name: string;
  /** Mode 0700; sockets, logs and kubeconfigs go here. Keep it short: a socket's path holds 107 bytes. */
  readonly directory: string;
  /** 1..26: node-a to node-z. */
  readonly nodes: number;
  readonly topology: Topology;
  readonly ipFamily: IpFamily;
  /** JSON files, each one raw object or an array of raw objects, created in this order. */
  readonly manifests: readonly string[];
  /** Where the policyd and pod logs go; null: `directory`/logs. */
  readonly logDirectory: string | null;
  /** Bundled programs. policyd null: a lab without enforcement. */
  readonly programs: { readonly policyd: string | null; readonly labPod: string };
  /** Directories put in front of PATH for everything the lab runs. */
  readonly tools: readonly string[];
  /** Extra variables for everything the lab runs, such as LD_LIBRARY_PATH of a fetched nft. */
  readonly environment: Readonly<Record<string, string>>;
  /** A further unix socket on which the API server listens, for `--listen`; null: none. */
  readonly apiPortSocket: string | null;
  /** How long the lab may take until everything is in sync. */
  readonly readyTimeoutMs: number;
  /** null: stay until SIGTERM, SIGINT or the end of the event channel. */
  readonly command: LabCommand | null;
  /** null: events go to standard error, for a supervisor started by hand. */
  readonly eventFd: number | null;
}

/** What the launcher must say; the rest has defaults: one node, routed, dual stack, no command. */
export type SupervisorConfigInput = Pick<SupervisorConfig, 'name' | 'directory' | 'programs'> &
  Partial<SupervisorConfig>;

export const supervisorConfigSchema: z.ZodType<SupervisorConfig> = z.strictObject({
  name: z.string().min(1),
  directory: z.string().startsWith('/'),
  nodes: z.int().min(1).max(26).default(1),
  topology: z.enum(TOPOLOGIES).default('routed'),
  ipFamily: z.enum(['ipv4', 'ipv6', 'dual']).default('dual'),
  manifests: z.array(z.string().startsWith('/')).default([]),
  logDirectory: z.string().startsWith('/').nullable().default(null),
  programs: z.strictObject({ policyd: z.string().nullable(), labPod: z.string() }),
  tools: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  apiPortSocket: z.string().startsWith('/').nullable().default(null),
  readyTimeoutMs: z.int().positive().default(60_000),
  command: commandSchema.nullable().default(null),
  eventFd: z.int().min(3).nullable().default(3),
});

/** How COMMAND ended: 0..255 as it exited, 128 + n for signal n. The supervisor exits with the same. */
export type SupervisorEvent =
  | { readonly event: 'progress'; readonly message: string }
  /** Something is wrong, the lab goes on: a policyd died, a port is taken. */
  | { readonly event: 'warning'; readonly message: string }
  /** Everything is in sync. `env`: KUBECONFIG, POLICYD_LAB, PATH and `environment`; COMMAND starts now. */
  | { readonly event: 'ready'; readonly env: Readonly<Record<string, string>> }
  /** The lab itself failed; the supervisor exits with 125. */
  | { readonly event: 'failed'; readonly message: string; readonly hint: string | null }
  /** COMMAND ended; the supervisor exits with `status` right after. */
  | { readonly event: 'exited'; readonly status: number };

export const supervisorEventSchema: z.ZodType<SupervisorEvent> = z.discriminatedUnion('event', [
  z.object({ event: z.literal('progress'), message: z.string() }),
  z.object({ event: z.literal('warning'), message: z.string() }),
  z.object({ event: z.literal('ready'), env: z.record(z.string(), z.string()) }),
  z.object({ event: z.literal('failed'), message: z.string(), hint: z.string().nullable() }),
  z.object({ event: z.literal('exited'), status: z.int() }),
]);

/** The status the supervisor exits with when the lab itself fails. */
export const LAB_FAILED_STATUS = 125;
