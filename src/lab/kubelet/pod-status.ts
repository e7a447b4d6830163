import {
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  textAt,
} from '../apiserver/json.ts';
import { isSidecar } from './pod-spec.ts';

export interface RunningFacts {
  readonly hostAddresses: readonly string[];
  readonly addresses: readonly string[];
  /** RFC 3339, whole seconds. */
  readonly startedAt: string;
  readonly restarts: number;
}

/** The status a kubelet reports for a pod whose containers all run. */
export function runningStatus(pod: KubeObject, status: JsonObject, facts: RunningFacts): JsonObject {
  const { startedAt, addresses, hostAddresses } = facts;
  return {
    ...status,
    phase: 'Running',
    hostIP: hostAddresses[0],
    hostIPs: hostAddresses.map((ip) => ({ ip })),
    podIP: addresses[0],
    podIPs: addresses.map((ip) => ({ ip })),
    startTime: textAt(status, 'startTime') || startedAt,
    conditions: withConditions(
      status,
      ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'],
      startedAt,
    ),
    containerStatuses: listAt(pod, 'spec', 'containers')
      .filter(isObject)
      .map((container) => containerStatus(container, { running: { startedAt } }, facts.restarts)),
    ...initStatuses(pod, facts),
  };
}

/** Why a pod is not running yet, where `kubectl get` and `describe` show it. */
export function waitingStatus(
  pod: KubeObject,
  status: JsonObject,
  reason: string,
  message: string,
): JsonObject {
  return {
    ...status,
    phase: 'Pending',
    message,
    containerStatuses: listAt(pod, 'spec', 'containers')
      .filter(isObject)
      .map((container) => containerStatus(container, { waiting: { reason, message } }, 0)),
  };
}

function initStatuses(pod: KubeObject, { startedAt, restarts }: RunningFacts): JsonObject {
  const containers = listAt(pod, 'spec', 'initContainers').filter(isObject);
  if (containers.length === 0) return {};
  const done = { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt: startedAt } };
  return {
    initContainerStatuses: containers.map((container) =>
      isSidecar(container)
        ? containerStatus(container, { running: { startedAt } }, restarts)
        : { ...containerStatus(container, done, 0), ready: true },
    ),
  };
}

function containerStatus(container: JsonObject, state: JsonObject, restarts: number): JsonObject {
  const running = state.running !== undefined;
  return {
    name: textAt(container, 'name'),
    image: textAt(container, 'image'),
    imageID: '',
    ready: running,
    started: running,
    restartCount: restarts,
    state,
    lastState: {},
  };
}

/** Sets these to True and keeps the others, and the time of those that were True already. */
function withConditions(status: JsonObject, types: readonly string[], now: string): readonly Json[] {
  const old = listAt(status, 'conditions').filter(isObject);
  const kept = old.filter((condition) => !types.includes(textAt(condition, 'type')));
  const set = types.map((type) => {
    const before = objectAt(old.find((condition) => textAt(condition, 'type') === type));
    const since = textAt(before, 'status') === 'True' ? textAt(before, 'lastTransitionTime') : '';
    return { type, status: 'True', lastProbeTime: null, lastTransitionTime: since || now };
  });
  return [...set, ...kept];
}
