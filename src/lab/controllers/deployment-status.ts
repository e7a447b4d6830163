import { isObject, type JsonObject, type KubeObject, listAt, numberAt, textAt } from '../apiserver/json.ts';
import { timestamp } from '../apiserver/timestamp.ts';
import { positive } from './replicasets.ts';
import { bounds } from './rollout.ts';

/** What `kubectl rollout status` and `kubectl wait` read. */
export function deploymentStatus(
  deployment: KubeObject,
  sets: readonly KubeObject[],
  current: KubeObject | null,
  now: Date,
): JsonObject {
  const count = (field: string): number =>
    sets.reduce((sum, set) => sum + (numberAt(set, 'status', field) ?? 0), 0);
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const total = count('replicas');
  const available = count('availableReplicas');
  const updated = numberAt(current ?? {}, 'status', 'replicas') ?? 0;
  const enough = available >= wanted - bounds(deployment).unavailable;
  const done = updated === wanted && total === wanted && available >= wanted;
  const name = current?.metadata.name ?? '';
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...positive('replicas', total),
    ...positive('updatedReplicas', updated),
    ...positive('readyReplicas', count('readyReplicas')),
    ...positive('availableReplicas', available),
    ...positive('unavailableReplicas', Math.max(0, Math.max(total, wanted) - available)),
    conditions: [
      condition(deployment, now, {
        type: 'Available',
        status: enough ? 'True' : 'False',
        reason: enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
        message: `Deployment ${enough ? 'has' : 'does not have'} minimum availability.`,
      }),
      condition(deployment, now, {
        type: 'Progressing',
        status: 'True',
        reason: done ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
        message: `ReplicaSet "${name}" ${done ? 'has successfully progressed' : 'is progressing'}.`,
      }),
    ],
  };
}

interface Finding {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Times move only when something did, so that an unchanged status is the same bytes. */
function condition(deployment: KubeObject, now: Date, finding: Finding): JsonObject {
  const before = listAt(deployment, 'status', 'conditions')
    .filter(isObject)
    .find((item) => item.type === finding.type);
  const sameStatus = textAt(before, 'status') === finding.status;
  const same = sameStatus && before?.reason === finding.reason && before.message === finding.message;
  return {
    ...finding,
    lastUpdateTime: same ? (before.lastUpdateTime ?? null) : timestamp(now),
    lastTransitionTime: sameStatus ? (before?.lastTransitionTime ?? null) : timestamp(now),
  };
}
