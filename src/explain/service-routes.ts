/**
 * The ways from a client through a Service, one for each endpoint that could be chosen. Forwarding is
 * kube-proxy's: a NodePort puts the node's address in place of the client's, which an endpoint on that node does
 * not see yet, and `externalTrafficPolicy: Local` leaves it out.
 */
import type { Family } from '../model/address.ts';
import type { Node, Pod } from '../model/cluster.ts';
import { holdsAddresses } from '../model/cluster.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { End } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { flowBetween, type Route, routeBetween } from './route.ts';

/** A pod behind a Service, and the port it serves it on. */
export interface Endpoint {
  readonly pod: Pod;
  readonly port: number;
}

export function endpointsOf(world: World, service: Service, port: ServicePort): readonly Endpoint[] {
  const { selector, namespace } = service;
  if (selector === null) return [];
  return [...world.snapshot.pods.values()].flatMap((pod) => {
    const live = pod.phase === 'Running' && !pod.deleting && (pod.hostNetwork || holdsAddresses(pod));
    const chosen =
      pod.namespace === namespace && [...selector].every(([key, value]) => pod.labels.get(key) === value);
    const number = live && chosen ? targetOf(pod, port) : null;
    return number === null ? [] : [{ pod, port: number }];
  });
}

function targetOf(pod: Pod, { targetPort, protocol }: ServicePort): number | null {
  if (typeof targetPort === 'number') return targetPort;
  return pod.ports.find((each) => each.name === targetPort && each.protocol === protocol)?.port ?? null;
}

/** What a client dials. */
export interface Asked {
  readonly service: Service;
  readonly port: ServicePort;
  readonly family: Family;
  readonly endpoints: readonly Endpoint[];
}

/** Empty: no endpoint can be chosen, so that it says nothing of policies. */
export function clusterIpRoutes(world: World, client: End, asked: Asked): readonly Route[] {
  const here = hostOf(client);
  const chosen = asked.service.internalLocal
    ? asked.endpoints.filter(({ pod }) => pod.node === here)
    : asked.endpoints;
  return chosen.flatMap((endpoint) => routeTo(world, client, client, endpoint, asked) ?? []);
}

/** `entry` is the node whose address is dialled. */
export function nodePortRoutes(world: World, client: End, entry: Node, asked: Asked): readonly Route[] {
  const onEntry = hostOf(client) === entry.name;
  const local = asked.endpoints.filter(({ pod }) => pod.node === entry.name);
  const { externalLocal } = asked.service;
  // A pod elsewhere would be answered past the node that knows the connection.
  if (externalLocal && isOwnPod(client) && !onEntry && local.length < asked.endpoints.length) return [];
  const chosen = externalLocal && !onEntry && !isOwnPod(client) ? local : asked.endpoints;
  const outside: Asked = { ...asked, port: { ...asked.port, port: asked.port.nodePort ?? 0 } };
  return chosen.flatMap((endpoint) => {
    const hidden = endpoint.pod.node !== entry.name && !(externalLocal && isOwnPod(client));
    const seen: End = hidden ? { kind: 'node', node: entry } : client;
    const route = routeTo(world, client, seen, endpoint, asked);
    if (route === null || onEntry) return route ?? [];
    // On the way out the client's node sees the node that is dialled, and not what comes after.
    const egress = flowBetween(world, client, { kind: 'node', node: entry }, dialOf(outside));
    if (egress === null) return [];
    const ends = { source: client, destination: { kind: 'pod', pod: endpoint.pod } as const };
    return routeBetween(world, ends, { egress, ingress: route.ingress });
  });
}

/** `seen`: whose address the endpoint's node sees. */
function routeTo(world: World, client: End, seen: End, { pod, port }: Endpoint, asked: Asked): Route | null {
  const destination: End = { kind: 'pod', pod };
  const to = { family: asked.family, protocol: asked.port.protocol, port };
  const egress = flowBetween(world, client, destination, to);
  const ingress = seen === client ? egress : flowBetween(world, seen, destination, to);
  if (egress === null || ingress === null) return null;
  return routeBetween(world, { source: client, destination }, { egress, ingress });
}

function dialOf({ family, port: { protocol, port } }: Asked): {
  readonly family: Family;
  readonly protocol: ServicePort['protocol'];
  readonly port: number;
} {
  return { family, protocol, port };
}

/** The node a client's packets start on. */
function hostOf(end: End): string | null {
  if (end.kind === 'pod') return end.pod.node;
  return end.kind === 'node' ? end.node.name : null;
}

function isOwnPod(end: End): boolean {
  return end.kind === 'pod' && !end.pod.hostNetwork;
}
