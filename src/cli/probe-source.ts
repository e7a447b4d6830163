import type { ProbeSource } from '../channel/probe.ts';
import { Failure } from '../model/failure.ts';
import type { End } from '../world/place.ts';

/** Where in the lab a connection can start. */
export function probeSource(end: End): ProbeSource {
  switch (end.kind) {
    case 'pod':
      return { pod: `${end.pod.namespace}/${end.pod.name}` };
    case 'node':
      return { node: end.node.name };
    case 'internet':
      return { external: true };
    case 'address':
      throw new Failure('USAGE', `nothing in the lab runs at ${end.address}`, {
        hint: 'SOURCE is a pod, node/NAME or internet',
      });
  }
}
