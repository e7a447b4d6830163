/** What to dial: a pod's port by number or name, or a Service's own address and port. */

import { unknownPortName, unknownServicePort } from '../explain/unknown-port.ts';
import { Failure } from '../model/failure.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { End } from '../world/place.ts';
import type { PortQuestion, Target } from '../world/target.ts';

export interface Dialled {
  readonly port: number;
  readonly protocol: Protocol;
}

export interface Dial {
  readonly dialled: Dialled;
  /** A Service's own addresses, which the node forwards; or the end whose addresses are dialled. */
  readonly at: { readonly addresses: readonly string[] } | { readonly end: End };
}

export function dial(target: Target, asked: PortQuestion): Dial {
  if (target.service !== null) return dialService(target, target.service, asked);
  const [end] = target.ends;
  if (end === undefined) throw new Failure('NAME_UNKNOWN', `${target.name} has no pods`);
  return { dialled: directPort(end, asked), at: { end } };
}

function directPort(end: End, { port, protocol }: PortQuestion): Dialled {
  if (typeof port === 'number') return { port, protocol: protocol ?? 'TCP' };
  const declared = end.kind === 'pod' ? end.pod.ports : [];
  const named = declared.find((each) => each.name === port && (protocol ?? each.protocol) === each.protocol);
  if (named !== undefined) return { port: named.port, protocol: named.protocol };
  throw unknownPortName(end, port);
}

/** The node forwards a ClusterIP; a headless Service is only a name for its pods, of which the first is dialled. */
function dialService({ name, ends }: Target, service: Service, { port, protocol }: PortQuestion): Dial {
  const found = service.ports.find(
    (each) =>
      (typeof port === 'number' ? each.port === port : each.name === port) &&
      (protocol ?? each.protocol) === each.protocol,
  );
  if (found === undefined) throw unknownServicePort(service, port, protocol);
  const addresses = service.clusterAddresses;
  if (addresses.length > 0)
    return { dialled: { port: found.port, protocol: found.protocol }, at: { addresses } };
  for (const end of ends) {
    const number = targetPort(end, found);
    if (number !== null) return { dialled: { port: number, protocol: found.protocol }, at: { end } };
  }
  throw new Failure('NAME_UNKNOWN', `no live pod behind ${name} serves port ${found.port}`, {
    hint: 'compare its spec.selector and targetPort with the labels and ports of the pods',
  });
}

function targetPort(end: End, { targetPort: target, protocol }: ServicePort): number | null {
  if (typeof target === 'number') return target;
  if (end.kind !== 'pod') return null;
  return end.pod.ports.find((each) => each.name === target && each.protocol === protocol)?.port ?? null;
}
