/**
 * The ways from a client through a Service, one for each endpoint that could be chosen. Forwarding is
 * kube-proxy's: a NodePort puts the node's address in place of the client's, which an endpoint on that node does
 * not see yet, and `externalTrafficPolicy: Local` leaves it out.
 */
import type { Family } from '../model/address.ts';
import type { Node } from '../model/cluster.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { Endpoint } from '../world/endpoint.ts';
import { answering, endpointsFor, endpointsOf, nodeNameOf, onNode } from '../world/endpoints.ts';
import type { End } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { flowBetween, type Route, routeBetween } from './route.ts';

/** What a client dials. */
export interface Door {
  readonly service: Service;
  readonly port: ServicePort;
  readonly family: Family;
}

/** Empty: no endpoint can be chosen, so that it says nothing of policies. */
export function clusterIpRoutes(world: World, client: End, door: Door): readonly Route[] {
  return endpointsFor(world, client, door.service, door.port)
    .filter(({ family }) => family === door.family)
    .flatMap((endpoint) => routeTo(world, client, client, endpoint, door) ?? []);
}

/** `entry` is the node whose address is dialled. */
export function nodePortRoutes(world: World, client: End, entry: Node, door: Door): readonly Route[] {
  const endpoints = endpointsOf(world, door.service, door.port).filter(
    ({ family }) => family === door.family,
  );
  const all = answering(endpoints);
  const onEntry = nodeNameOf(client) === entry.name;
  const local = answering(onNode(endpoints, entry.name));
  const { externalLocal } = door.service;
  // A pod elsewhere would be answered past the node that knows the connection.
  if (externalLocal && isOwnPod(client) && !onEntry && local.length < all.length) return [];
  const chosen = externalLocal && !onEntry && !isOwnPod(client) ? local : all;
  const { family, port } = door;
  const outside = { family, protocol: port.protocol, port: port.nodePort ?? 0 };
  return chosen.flatMap((endpoint) => {
    const hidden = nodeNameOf(endpoint.end) !== entry.name && !(externalLocal && isOwnPod(client));
    const seen: End = hidden ? { kind: 'node', node: entry } : client;
    const route = routeTo(world, client, seen, endpoint, door);
    if (route === null || onEntry) return route ?? [];
    // On the way out the client's node sees the node that is dialled, and not what comes after.
    const egress = flowBetween(world, client, { kind: 'node', node: entry }, outside);
    if (egress === null) return [];
    const ends = { source: client, destination: endpoint.end };
    return routeBetween(world, ends, { egress, ingress: route.ingress });
  });
}

/** `seen`: whose address the endpoint's node sees. */
function routeTo(world: World, client: End, seen: End, { end, port }: Endpoint, door: Door): Route | null {
  const to = { family: door.family, protocol: door.port.protocol, port };
  const egress = flowBetween(world, client, end, to);
  const ingress = seen === client ? egress : flowBetween(world, seen, end, to);
  if (egress === null || ingress === null) return null;
  return routeBetween(world, { source: client, destination: end }, { egress, ingress });
}

function isOwnPod(end: End): boolean {
  return end.kind === 'pod' && !end.pod.hostNetwork;
}
