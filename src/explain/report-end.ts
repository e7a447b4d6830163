/** One end of a flow as the output names it. */
import { type End, endName, placesOf } from '../world/place.ts';
import type { World } from '../world/world.ts';
import type { EndReport } from './explanation.ts';

/** Stand-ins are not shown: its addresses are those that are known. */
export function reportEnd(world: World, end: End): EndReport {
  const places = placesOf(world, end).filter((place) => place.among === null);
  return {
    kind: end.kind,
    name: endName(end),
    addresses: places.map((place) => place.address),
    node: end.kind === 'pod' ? end.pod.node : end.kind === 'node' ? end.node.name : null,
  };
}
