/** Where a node's live ruleset is read from: the lab's channel. (A cluster has none yet.) */
import { LabClient } from '../lab/control/client.ts';
import { LAB_SOCKET_VARIABLE } from '../lab/control/protocol.ts';
import type { Terminal } from './terminal.ts';

export interface NodeListing {
  /** The node's policyd has committed all there is. */
  readonly inSync: boolean;
  /** `nft -j list table inet policyd`; null: no such table. */
  readonly listing: unknown;
}

export interface KernelSource {
  readonly read: (node: string) => Promise<NodeListing>;
}

/** null: the kernel of the nodes cannot be asked from here. */
export function kernelSource({ env }: Pick<Terminal, 'env'>): KernelSource | null {
  if ((env[LAB_SOCKET_VARIABLE] ?? '') === '') return null;
  const lab = LabClient.fromEnvironment({ ...env });
  return { read: (node) => lab.ruleset(node) };
}
