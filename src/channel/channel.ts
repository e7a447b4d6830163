/** The port through which policyctl reaches agents and pods. Every method rejects with a Failure. */
import type { ReadStatus } from '../status/schema.ts';
import type { ProbeQuery, ProbeReport } from './probe.ts';

export interface Channel {
  /** Connections of one source that are under way at once, at most; the others wait for their turn. */
  readonly probesAtOnce: number;
  /** Every node, by name. */
  status(): Promise<readonly NodeStatus[]>;
  /** What the kernel of a node holds of policyd; NAME_UNKNOWN for a node that is not there. */
  listing(node: string): Promise<NodeListing>;
  /** One real connection, never repeated; NAME_UNKNOWN for a source that is not there. */
  probe(query: ProbeQuery): Promise<ProbeReport>;
  /** Any number of them; the reports are in the order of the queries. */
  probes(queries: readonly ProbeQuery[]): Promise<readonly ProbeReport[]>;
  /** Until every policyd enforces what the API server holds now, or `timeoutMs` have passed. */
  sync(timeoutMs: number): Promise<SyncReport>;
  /** What stands for the internet. */
  internet(): Promise<Internet>;
}

export interface NodeStatus {
  readonly node: string;
  /** null: no policyd there, or it does not answer. */
  readonly agent: ReadStatus | null;
}

export interface NodeListing {
  readonly node: string;
  /** The node's policyd has committed all there is. */
  readonly inSync: boolean;
  /** As of `nft -j list ruleset`, policyd's own tables of every family and no others; without any: no objects. */
  readonly listing: { readonly nftables: readonly unknown[] };
}

export interface SyncReport {
  readonly synced: boolean;
  readonly milliseconds: number;
  /** What is missing when not synced: sentences for the user. */
  readonly waitingFor: readonly string[];
}

export interface Internet {
  /** Empty: any public address. */
  readonly addresses: readonly string[];
  /** TCP ports at which something answers there; empty: nobody knows. */
  readonly ports: readonly number[];
}
