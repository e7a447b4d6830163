import { largest } from '../../model/largest.ts';
import { isObject, type JsonObject, type KubeObject, listAt, numberAt, textAt } from '../apiserver/json.ts';

/** Containers and sidecars: what runs as long as the pod does. */
export function lastingContainers(pod: KubeObject): readonly JsonObject[] {
  const sidecars = listAt(pod, 'spec', 'initContainers').filter(isObject).filter(isSidecar);
  return [...listAt(pod, 'spec', 'containers').filter(isObject), ...sidecars];
}

/** Of an init container: it runs on beside the others, and has ports of its own. */
export function isSidecar(container: JsonObject): boolean {
  return textAt(container, 'restartPolicy') === 'Always';
}

/** The ports to listen on, each once, and those that only SCTP could serve. */
export function listenedPorts(pod: KubeObject): {
  readonly ports: readonly number[];
  readonly sctp: readonly number[];
} {
  const ports = new Set<number>();
  const sctp = new Set<number>();
  for (const container of lastingContainers(pod)) {
    for (const port of listAt(container, 'ports')) {
      const number = numberAt(port, 'containerPort');
      if (number === null) continue;
      if (textAt(port, 'protocol') === 'SCTP') sctp.add(number);
      else ports.add(number);
    }
  }
  return { ports: [...ports], sctp: [...sctp] };
}

/** It has the addresses of its node, and no network namespace. */
export function isHostNetwork(pod: KubeObject): boolean {
  const spec = pod.spec;
  return isObject(spec) && spec.hostNetwork === true;
}

/** Its containers are over for good: it holds no address (semantics I2). */
export function isTerminal(pod: KubeObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

/** For experiments: a pod on its node that gets neither network nor containers while it is annotated so. */
export const HOLD_ANNOTATION = 'lab.policyctl.dev/hold';

/** It waits until the annotation is taken away: bound, Pending, without an address. */
export function isHeld(pod: KubeObject): boolean {
  return textAt(pod, 'metadata', 'annotations', HOLD_ANNOTATION) === 'true';
}

/**
 * When the containers of a pod that is being deleted end, in milliseconds since 1970: at once, or after the
 * longest `lifecycle.preStop.sleep`, but not after its grace period.
 */
export function stopsAt(pod: KubeObject): number {
  const end = Date.parse(textAt(pod, 'metadata', 'deletionTimestamp'));
  const grace = numberAt(pod, 'metadata', 'deletionGracePeriodSeconds') ?? 0;
  const sleeps = lastingContainers(pod).map(
    (container) => numberAt(container, 'lifecycle', 'preStop', 'sleep', 'seconds') ?? 0,
  );
  return end - Math.max(0, grace - largest(sleeps)) * 1000;
}

/** Its deletion has been asked for; its containers may run on for a while (see `stopsAt`). */
export function isDeleting(pod: KubeObject): boolean {
  return textAt(pod, 'metadata', 'deletionTimestamp') !== '';
}
