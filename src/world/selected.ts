/** The endpoints that a Service's selector would give it, as the cluster's controller makes its slices. */
import { type Pod, podKey } from '../model/cluster.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { Endpoint } from './endpoint.ts';
import { placesOf } from './place.ts';
import { targetPort } from './ports.ts';
import type { World } from './world.ts';

/** None without a selector, and at a pod that has no port of the name that is asked for. */
export function selectedEndpoints(world: World, service: Service, port: ServicePort): readonly Endpoint[] {
  return selectedPods(world, service).flatMap((pod) => {
    const number = targetPort(pod, port);
    if (number === null) return [];
    const serving = !world.unready.has(podKey(pod.namespace, pod.name));
    const terminating = pod.deleting;
    const ready = service.publishNotReady || (serving && !terminating);
    const { families } = service;
    return placesOf(world, { kind: 'pod', pod })
      .filter(({ family }) => families.length === 0 || families.includes(family))
      .map(
        ({ family }): Endpoint => ({
          family,
          end: { kind: 'pod', pod },
          node: pod.node,
          port: number,
          ready,
          serving,
          terminating,
        }),
      );
  });
}

/** Live pods with an address; in files one that will have it. */
export function selectedPods(world: World, { namespace, selector }: Service): readonly Pod[] {
  if (selector === null) return [];
  return [...world.snapshot.pods.values()].filter((pod) => {
    if (pod.namespace !== namespace || pod.phase === 'Succeeded' || pod.phase === 'Failed') return false;
    const waits = world.standIns.has(podKey(pod.namespace, pod.name));
    if (waits && world.input.kind === 'cluster') return false;
    return [...selector].every(([key, value]) => pod.labels.get(key) === value);
  });
}
