import { WATCHED_RESOURCES } from '../../kinds/kinds.ts';
import { type ResourceVersions, versionsFrom } from '../../kinds/versions.ts';
import { textAt } from '../apiserver/json.ts';
import type { Store } from '../apiserver/store.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import { isDeleting, isHeld, isTerminal } from '../kubelet/pod-spec.ts';
import type { PolicydProcess } from './policyd.ts';

/** Pods on a lab node that are not yet what the API server wants: sentences, empty when all are. */
export function podsWaitedFor(store: Store, kubelets: ReadonlyMap<string, Kubelet>): readonly string[] {
  const waiting = store.list('pods').items.flatMap((pod) => {
    const node = textAt(pod, 'spec', 'nodeName');
    const kubelet = kubelets.get(node);
    if (kubelet === undefined) return [];
    const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    const id = `${key.namespace}/${key.name}`;
    if (isDeleting(pod)) return kubelet.lingers(key) ? [] : [`pod ${id} on ${node} is being removed`];
    if (isHeld(pod)) return [];
    if (isTerminal(pod)) return kubelet.holds(key) ? [`pod ${id} on ${node} still has its network`] : [];
    if (textAt(pod, 'status', 'phase') === 'Running' && kubelet.residentOf(key) !== null) return [];
    const why = textAt(pod, 'status', 'message');
    return [`pod ${id} on ${node} is not running${why === '' ? '' : `: ${why}`}`];
  });
  if (waiting.length > 0) return waiting;
  return [...kubelets].flatMap(([node, kubelet]) =>
    kubelet.unsettled().map((id) => `${node} is still busy with pod ${id}`),
  );
}

/** The versions that hold now, per resource. */
export function currentVersions(store: Store): ResourceVersions {
  return versionsFrom((resource) => store.resourceVersionOf(resource));
}

/** What one policyd lacks to have committed these versions: a sentence, or null. */
export async function policydWaitedFor(
  node: string,
  policyd: PolicydProcess,
  versions: ResourceVersions,
): Promise<string | null> {
  const status = await policyd.status();
  if (status === null) return policyd.trouble ?? `policyd on ${node} does not answer yet`;
  const degraded = status.degraded.map(({ code, message }) => `${code}: ${message}`).join('; ');
  const because = degraded === '' ? '' : ` (${degraded})`;
  for (const resource of WATCHED_RESOURCES) {
    const wanted = versions[resource];
    const seen = status.resourceVersions[resource];
    if (seen === '' || BigInt(seen) < BigInt(wanted)) {
      const up = seen === '' ? 'nothing' : seen;
      return `policyd on ${node} has committed ${resource} up to ${up}, the API server is at ${wanted}${because}`;
    }
  }
  return status.inSync ? null : `policyd on ${node} is not in sync${because}`;
}
