/** What became of a connection, in one line. */

import type { ProbeReport } from '../lab/control/protocol.ts';
import { hostPort } from '../net/host-port.ts';
import type { Target } from '../world/target.ts';
import type { World } from '../world/world.ts';
import type { Dialled } from './dial.ts';

export interface Probed {
  readonly source: string;
  readonly target: Target;
  readonly dialled: Dialled;
  /** The address that was dialled. */
  readonly address: string;
}

export function probeText(
  { outcome, milliseconds, detail }: ProbeReport,
  { source, target, dialled, address }: Probed,
  world: World,
): string {
  const { port, protocol } = dialled;
  const at = target.name === address ? '' : ` (${address})`;
  const time = milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
  const words: Readonly<Record<ProbeReport['outcome'], string>> = {
    connected: `connected in ${time} ms`,
    blocked: `blocked: no answer in ${time} ms`,
    refused: `refused in ${time} ms: ${refusal(target, dialled, world)}`,
    error: `error: ${detail}`,
  };
  return `${source} -> ${hostPort(target.name, port)}/${protocol}${at}  ${words[outcome]}`;
}

/** A node refuses in the name of a Service without endpoints, and then nobody was reached. */
function refusal({ service, ends }: Target, { port, protocol }: Dialled, world: World): string {
  // A headless Service is only a name: one of its pods was dialled.
  if (service !== null && service.clusterAddresses.length > 0) {
    return ends.length === 0
      ? 'the Service has no endpoints, no live pod matches its selector'
      : 'nothing listens there, or the Service has no ready endpoints';
  }
  const nodePort =
    ends.some((end) => end.kind === 'node') &&
    [...world.services.values()].some((each) =>
      each.ports.some((one) => one.nodePort === port && one.protocol === protocol),
    );
  return nodePort
    ? 'nothing listens there, or the Service of this NodePort has no ready endpoints'
    : 'reached, and nothing listens there';
}
