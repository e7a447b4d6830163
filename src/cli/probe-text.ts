/** What became of a connection, in one line. */

import type { ProbeReport } from '../channel/probe.ts';
import type { Service } from '../model/service.ts';
import { hostPort } from '../net/host-port.ts';
import { endpointsOf } from '../world/endpoints.ts';
import { askedPorts } from '../world/ports.ts';
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

/** Without a line feed. */
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
function refusal(target: Target, dialled: Dialled, world: World): string {
  if (target.kind === 'service') return serviceRefusal(target.service, dialled, world);
  const nodePort =
    target.ends.some((end) => end.kind === 'node') &&
    [...world.services.values()].some(({ ports }) =>
      ports.some((each) => each.nodePort === dialled.port && each.protocol === dialled.protocol),
    );
  return nodePort
    ? 'nothing listens there, or the Service of this NodePort has no ready endpoints'
    : 'reached, and nothing listens there';
}

/** A headless Service is only a name: one of its endpoints was dialled. */
function serviceRefusal(service: Service, { port, protocol }: Dialled, world: World): string {
  if (service.clusterAddresses.length === 0) return 'reached, and nothing listens there';
  const listed = askedPorts(service, { port, protocol }).flatMap((each) => endpointsOf(world, service, each));
  if (listed.length > 0) return 'nothing listens there, or the Service has no ready endpoints';
  const why = service.selector === null ? '' : ', no live pod matches its selector';
  return `the Service has no endpoints${why}`;
}
