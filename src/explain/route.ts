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
import { type End, placesOf } from '../world/place.ts';
import type { World } from '../world/world.ts';

export interface Route {
  readonly egress: Flow;
  readonly ingress: Flow;
  /** Empty: no ruleset is on the way, as between a pod and its own node. */
  readonly crossings: readonly Crossing[];
}

export interface Crossing {
  readonly node: string;
  readonly flow: Flow;
}

export function routeBetween(
  world: World,
  ends: { readonly source: End; readonly destination: End },
  { egress, ingress }: { readonly egress: Flow; readonly ingress: Flow },
): Route {
  const out = crossingOf(world, ends.source, egress);
  const into = crossingOf(world, ends.destination, ingress);
  const twice = egress === ingress && out[0]?.node === into[0]?.node;
  return { egress, ingress, crossings: twice ? out : [...out, ...into] };
}

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
  return [egress.reason, ingress.reason].includes('ALLOWED_NODE_LOCAL') ? [] : [{ node, flow }];
}

/** The node whose ruleset judges this end: a pod's, if the pod has a network of its own. */
function enforcingNode(world: World, end: End): string | null {
  if (end.kind !== 'pod' || end.pod.hostNetwork) return null;
  const key = podKey(end.pod.namespace, end.pod.name);
  return world.snapshot.pods.has(key) ? end.pod.node : null;
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
  const { protocol, port } = to;
  return { source: from.address, destination: at.address, transport: { kind: 'ports', protocol, port } };
}
