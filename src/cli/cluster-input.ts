/** The cluster of a kubeconfig, to a world. Kinds that may not be read are named, and no verdict rests on them. */

import { KINDS, RESOURCES } from '../kinds/kinds.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import { readCluster } from '../kube/read-cluster.ts';
import { Failure } from '../model/failure.ts';
import { printable } from '../model/printable.ts';
import { formatProblem } from '../policy/decode/problem.ts';
import { assembleWorld, decodeAll, type Gathered } from '../world/gather.ts';
import type { World } from '../world/world.ts';
import type { Terminal } from './terminal.ts';
import type { WorldOptions } from './world-options.ts';

/**
 * The world of the current context, and the namespace it names; notes go to standard error. CLUSTER_FORBIDDEN
 * without what decides.
 */
export async function readClusterInput(
  options: WorldOptions,
  terminal: Terminal,
): Promise<{ readonly world: World; readonly namespace: string }> {
  const where = { file: options.kubeconfig, context: options.context, env: { ...terminal.env } };
  const config = loadKubeconfig(where);
  const cluster = await readCluster(where);
  const lost = cluster.missing.find(({ resource }) => KINDS[resource].decisive);
  if (lost !== undefined) {
    const needed = RESOURCES.filter((resource) => KINDS[resource].decisive).join(' and ');
    throw new Failure(
      'CLUSTER_FORBIDDEN',
      `${lost.kind} objects cannot be listed: ${printable(lost.message)}`,
      {
        hint: `a verdict needs list on ${needed} of all namespaces`,
      },
    );
  }
  const gathered = RESOURCES.flatMap((resource) =>
    cluster.objects[resource].map((raw): Gathered => ({ kind: KINDS[resource].kind, raw, locate: null })),
  );
  const decoded = decodeAll(gathered, 'ignore');
  for (const { object, problem } of decoded.problems) {
    if (object.kind !== 'NetworkPolicy') continue;
    terminal.err(`note: ${identity(object)}: ${printable(formatProblem(problem))}: matches nothing\n`);
  }
  const missing = cluster.missing.map(({ kind, message }) => `${kind}: ${printable(message)}`);
  for (const text of missing) terminal.err(`note: not readable: ${text}\n`);
  return {
    world: assembleWorld(
      decoded,
      { kind: 'cluster', cluster: cluster.server, files: [], missing },
      {
        internet: (await (await terminal.channel())?.internet())?.addresses ?? [],
        asked: options.asked ?? [],
        slicesListed: !cluster.missing.some(({ resource }) => resource === 'endpointslices'),
      },
    ),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
  };
}

function identity({ kind, raw }: Gathered): string {
  const { metadata } = raw as {
    readonly metadata?: { readonly namespace?: unknown; readonly name?: unknown };
  };
  return printable(`${kind} ${String(metadata?.namespace ?? '')}/${String(metadata?.name ?? '')}`);
}
