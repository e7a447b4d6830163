/** What GET /v1/state says: the lab's nodes and pods, and how its parts are. */
import { z } from 'zod';
import {
  degradationSchema,
  objectProblemSchema,
  type ReadStatus,
  statusSchema,
} from '../../status/schema.ts';

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
  /** All that it says; null while it says nothing. */
  readonly status: ReadStatus | null;
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

const addresses = z.array(z.string());

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
          status: statusSchema.nullable(),
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
