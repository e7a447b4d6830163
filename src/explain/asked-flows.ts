/** The flows that a question means: one for each pair of ends and each port, through a Service or not. */
import type { ServicePort } from '../model/service.ts';
import type { Endpoint } from '../world/endpoint.ts';
import { endKey, endpointsFor } from '../world/endpoints.ts';
import type { End } from '../world/place.ts';
import { askedPorts, namedPort, unknownPortName } from '../world/ports.ts';
import type { PortQuestion, ServiceTarget, Target } from '../world/target.ts';
import type { World } from '../world/world.ts';
import type { FlowQuestion } from './flow-question.ts';
import { type AskedPort, onePort } from './judge.ts';
import { declaredPorts, portRows } from './rows.ts';

/** One list for each end that answers `source`; no list: nobody does. */
export function askedFlows(
  world: World,
  source: End,
  destination: Target,
  port: PortQuestion | null,
): readonly (readonly FlowQuestion[])[] {
  if (destination.kind === 'service') return serviceFlows(world, source, destination, port);
  return destination.ends.map((end) => {
    const ports = port === null ? portRows(world, source, end) : [directPort(port, end)];
    return ports.map((each) => ({ source, destination: end, port: each, via: null, families: null }));
  });
}

function directPort({ port, protocol }: PortQuestion, destination: End): AskedPort {
  if (typeof port === 'number') return numberedPort(destination, protocol ?? 'TCP', port);
  const found = destination.kind === 'pod' ? namedPort(destination.pod, port, protocol) : null;
  if (found === null) throw unknownPortName(destination, port);
  return onePort(found.protocol, found.port, found.name, true);
}

/** The Service's port becomes the endpoint's (semantics H5). */
function serviceFlows(
  world: World,
  source: End,
  { service }: ServiceTarget,
  asked: PortQuestion | null,
): readonly (readonly FlowQuestion[])[] {
  const byEnd = new Map<string, FlowQuestion[]>();
  for (const port of askedPorts(service, asked)) {
    const via = {
      service: `${service.namespace}/${service.name}`,
      address: service.clusterAddresses[0] ?? null,
      port: port.port,
    };
    for (const { end, families, number } of byPort(endpointsFor(world, source, service, port))) {
      const flow = { source, destination: end, port: servedPort(end, port, number), via, families };
      const known = byEnd.get(endKey(end));
      if (known) known.push(flow);
      else byEnd.set(endKey(end), [flow]);
    }
  }
  return [...byEnd].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, flows]) => flows);
}

interface Listener {
  readonly end: End;
  readonly number: number;
  readonly families: Endpoint['family'][];
}

/** Families of one end and number stand together. */
function byPort(endpoints: readonly Endpoint[]): readonly Listener[] {
  const listeners = new Map<string, Listener>();
  for (const { end, port, family } of endpoints) {
    const key = `${endKey(end)} ${port}`;
    const known = listeners.get(key);
    if (known) known.families.push(family);
    else listeners.set(key, { end, number: port, families: [family] });
  }
  return [...listeners.values()];
}

function servedPort(end: End, { protocol, targetPort }: ServicePort, number: number): AskedPort {
  const named = declaredPorts(end).find(
    (row) => row.name === targetPort && row.protocol === protocol && row.number === number,
  );
  return named ?? numberedPort(end, protocol, number);
}

function numberedPort(end: End, protocol: ServicePort['protocol'], number: number): AskedPort {
  const declared = declaredPorts(end).find((row) => row.number === number && row.protocol === protocol);
  return declared ?? onePort(protocol, number);
}
