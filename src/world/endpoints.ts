/**
 * Service -> endpoints, answered here and nowhere else: what the cluster's EndpointSlices list, those made by hand
 * included, and in files without slices the pods that the selector would choose.
 */
import type { Service, ServicePort } from '../model/service.ts';
import type { Endpoint } from './endpoint.ts';
import { type End, endName } from './place.ts';
import { selectedEndpoints } from './selected.ts';
import { slicedEndpoints } from './sliced.ts';
import type { World } from './world.ts';

/** All of them, ready or not, ordered by name. A Service that is another DNS name has none. */
export function endpointsOf(world: World, service: Service, port: ServicePort): readonly Endpoint[] {
  if (service.externalName !== null) return [];
  const slices = world.slices.get(`${service.namespace}/${service.name}`);
  const endpoints =
    slices !== undefined || world.slicesListed
      ? slicedEndpoints(world, service, port, slices ?? [])
      : selectedEndpoints(world, service, port);
  const sortKey = ({ end, family, port: number }: Endpoint) => `${endKey(end)} ${family} ${number}`;
  return [...endpoints].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

/** Tells one end from another, and orders them: pods by namespace and name, then the rest by what they are called. */
export function endKey(end: End): string {
  return end.kind === 'pod' ? `0 ${end.pod.namespace}/${end.pod.name}` : `1 ${endName(end)}`;
}

/** Whom new connections go to: the ready ones; where none is, those that still serve while they end. */
export function answering(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const served = new Set(endpoints.filter(({ ready }) => ready).map(({ family }) => family));
  return endpoints.filter(({ family, ready, serving, terminating }) =>
    served.has(family) ? ready : serving && terminating,
  );
}

/** Those that a traffic policy of `Local` leaves; a pod whose node nobody knows may be on this one. */
export function onNode(endpoints: readonly Endpoint[], node: string): readonly Endpoint[] {
  return endpoints.filter((each) => each.node === node || (each.node === null && isAdrift(each.end)));
}

function isAdrift(end: End): boolean {
  return end.kind === 'pod' && end.pod.node === null;
}

/** Whom a client's connection to the Service's own address may reach. */
export function endpointsFor(
  world: World,
  client: End,
  service: Service,
  port: ServicePort,
): readonly Endpoint[] {
  const all = endpointsOf(world, service, port);
  const node = nodeNameOf(client);
  return answering(service.internalLocal && node !== null ? onNode(all, node) : all);
}

/** The node a client's packets start on; null: none, or nobody says. */
export function nodeNameOf(end: End): string | null {
  if (end.kind === 'pod') return end.pod.node;
  return end.kind === 'node' ? end.node.name : null;
}
