/**
 * What is judged of one connection: a flow on the way out of the client and one on the way in to whoever answers,
 * and whose rulesets see them. They are the same flow unless a node in between puts its own address in place of
 * the client's (semantics H5, H7).
 */
import type { Family } from '../model/address.ts';
import { podKey } from '../model/cluster.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Flow } from '../model/verdict.ts';
import { evaluate } from '../policy/evaluate.ts';
import { nodesOfRange } from '../policy/quarantine.ts';
import { type End, type Place, placesOf } from '../world/place.ts';
import type { World } from '../world/world.ts';
import type { AskedPort } from './judge.ts';

export interface Route {
  readonly egress: Flow;
  readonly ingress: Flow;
  /** Empty: no ruleset is on the way, as between a pod and its own node. */
  readonly crossings: readonly Crossing[];
}

export interface Crossing {
  readonly node: string;
  readonly flow: Flow;
  /** From one pod of the node to another, or back to the same: on a bridge nothing else comes between them. */
  readonly within: boolean;
}

/** The crossings of a connection whose ends see these flows. */
export function routeBetween(
  world: World,
  ends: { readonly source: End; readonly destination: End },
  { egress, ingress }: { readonly egress: Flow; readonly ingress: Flow },
): Route {
  const out = crossingOf(world, ends.source, egress);
  const into = crossingOf(world, ends.destination, ingress);
  const twice = egress === ingress && out[0]?.node === into[0]?.node;
  const within = ends.source.kind === 'pod' && ends.destination.kind === 'pod';
  const crossings = twice ? out.map((crossing) => ({ ...crossing, within })) : [...out, ...into];
  return { egress, ingress, crossings };
}

/** By the policies: on the way out as the client's node sees it, and on the way in as the other's does. */
export function routeAllowed({ snapshot }: World, { egress, ingress }: Route): boolean {
  return (
    evaluate(snapshot, egress).egress.allowance === 'allow' &&
    evaluate(snapshot, ingress).ingress.allowance === 'allow'
  );
}

/** Between a pod and its own node, host-network pods there included, nothing passes the forward hook. */
function crossingOf(world: World, end: End, flow: Flow): readonly Crossing[] {
  const node = enforcingNode(world, end);
  if (node === null) return [];
  const { egress, ingress } = evaluate(world.snapshot, flow);
  return [egress.reason, ingress.reason].includes('ALLOWED_NODE_LOCAL')
    ? []
    : [{ node, flow, within: false }];
}

/** Some ruleset judges an end of it, if it comes by there. */
export function isOnTheWay(
  world: World,
  { source, destination }: { readonly source: End; readonly destination: End },
): boolean {
  return enforcingNode(world, source) !== null || enforcingNode(world, destination) !== null;
}

/** The node whose ruleset judges this end: a pod's, if the pod has a network of its own; that of a pod range. */
function enforcingNode({ snapshot }: World, end: End): string | null {
  if (end.kind === 'address') return nodesOfRange(snapshot, end.address)[0]?.name ?? null;
  if (end.kind !== 'pod' || end.pod.hostNetwork) return null;
  return snapshot.pods.has(podKey(end.pod.namespace, end.pod.name)) ? end.pod.node : null;
}

/** null: an end has no address of the family that is known for sure. */
export function flowBetween(
  world: World,
  source: End,
  destination: End,
  to: { readonly family: Family; readonly protocol: Protocol; readonly port: number },
): Flow | null {
  const [from, at] = [source, destination].map((end) =>
    placesOf(world, end).find(({ family }) => family === to.family),
  );
  if (from === undefined || at === undefined || from.among !== null || at.among !== null) return null;
  return flowOf(from, at, { protocol: to.protocol, number: to.port });
}

/** From one place to another; the addresses may be stand-ins. */
export function flowOf(
  source: Place,
  destination: Place,
  { protocol, number }: Pick<AskedPort, 'protocol' | 'number'>,
): Flow {
  return {
    source: source.address,
    destination: destination.address,
    transport: { kind: 'ports', protocol, port: number },
  };
}
