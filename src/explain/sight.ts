/** How the kernels see a flow: by which rulesets it passes, and as what; or why nobody can be asked. */
import { endName, type Place } from '../world/place.ts';
import type { World } from '../world/world.ts';
import type { FlowReport } from './explanation.ts';
import type { FlowQuestion } from './flow-question.ts';
import { flowOf, isOnTheWay, type Route, routeBetween } from './route.ts';

export interface Sight {
  /** One per family, where rulesets can be asked. */
  readonly routes: readonly Route[];
  /** Why they cannot, as a part of a sentence. */
  readonly unseen: string | null;
}

/** In one family. */
export function sightOf(
  world: World,
  { source, destination, port, via }: FlowQuestion,
  { reason }: FlowReport,
  places: { readonly source: Place; readonly destination: Place },
): Sight {
  const unseen = (why: string): Sight => ({ routes: [], unseen: why });
  if (reason === 'ALLOWED_SELF' && via === null) {
    return unseen('a pod reaches itself without passing the hook');
  }
  if (reason === 'ALLOWED_NODE_LOCAL') {
    return unseen('traffic with the own node does not pass the forward hook');
  }
  const ends = { source, destination };
  if (!isOnTheWay(world, ends)) return unseen('no pod with a node on either end');
  if (places.source.among !== null) return unseen(`${endName(source)} has no known address`);
  if (places.destination.among !== null) return unseen(`${endName(destination)} has no known address`);
  const flow = flowOf(places.source, places.destination, port);
  return { routes: [routeBetween(world, ends, { egress: flow, ingress: flow })], unseen: null };
}
