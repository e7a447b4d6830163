/** What to dial: a pod's port by number or name, or a Service's own address and port. */

import { Failure } from '../model/failure.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import { endpointsFor } from '../world/endpoints.ts';
import { noEndpoint } from '../world/no-endpoint.ts';
import type { End } from '../world/place.ts';
import { askedPorts, namedPort, unknownPortName, unknownServicePort } from '../world/ports.ts';
import type { PortQuestion, Target } from '../world/target.ts';
import type { World } from '../world/world.ts';

export interface Dialled {
  readonly port: number;
  readonly protocol: Protocol;
}

export interface Dial {
  readonly dialled: Dialled;
  /** A Service's own addresses, which the node forwards; or the end whose addresses are dialled. */
  readonly at: { readonly addresses: readonly string[] } | { readonly end: End };
}

/** What `client` dials to reach a target; a port or an endpoint that is not there is a Failure NAME_UNKNOWN. */
export function dial(world: World, client: End, target: Target, asked: PortQuestion): Dial {
  if (target.kind === 'service') return dialService(world, client, target.service, asked);
  const [end] = target.ends;
  if (end === undefined) throw new Failure('NAME_UNKNOWN', `${target.name} has no pods`);
  return { dialled: directPort(end, asked), at: { end } };
}

function directPort(end: End, { port, protocol }: PortQuestion): Dialled {
  if (typeof port === 'number') return { port, protocol: protocol ?? 'TCP' };
  const named = end.kind === 'pod' ? namedPort(end.pod, port, protocol) : null;
  if (named !== null) return { port: named.port, protocol: named.protocol };
  throw unknownPortName(end, port);
}

/** The node forwards a ClusterIP; a headless Service is only a name for its endpoints, of which the first is dialled. */
function dialService(world: World, client: End, service: Service, asked: PortQuestion): Dial {
  const [found] = askedPorts(service, asked);
  if (found === undefined) throw unknownServicePort(service, asked);
  const { protocol } = found;
  const addresses = service.clusterAddresses;
  if (addresses.length > 0) return { dialled: { port: found.port, protocol }, at: { addresses } };
  const [endpoint] = endpointsFor(world, client, service, found);
  if (endpoint === undefined) throw noEndpoint(world, client, service, asked);
  return { dialled: { port: endpoint.port, protocol }, at: { end: endpoint.end } };
}
