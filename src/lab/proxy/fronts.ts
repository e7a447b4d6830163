import { familyOf } from '../../model/address.ts';
import type { Pod } from '../../model/cluster.ts';
import type { Labels } from '../../model/labels.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { decodePod } from '../../policy/decode/pod.ts';
import { decodeService } from '../../policy/decode/service.ts';
import { isObject, type KubeObject, listAt, objectAt, textAt } from '../apiserver/json.ts';
import { isDeleting, isTerminal } from '../kubelet/pod-spec.ts';
import type { Backend, Front } from './front.ts';
import { handMadeBackends } from './hand-made.ts';

/** A pod as Services see it. */
interface Candidate {
  readonly pod: Pod;
  readonly ready: boolean;
}

/** Services of the lab's store to fronts. ExternalName and headless Services have none: DNS is all they are. */
export function frontsOf(
  services: readonly KubeObject[],
  pods: readonly KubeObject[],
  slices: readonly KubeObject[],
): readonly Front[] {
  const candidates = pods.flatMap((raw): readonly Candidate[] => {
    const pod = decodePod(raw, 'ignore').value;
    return pod === null || isTerminal(raw) || isDeleting(raw) ? [] : [{ pod, ready: isReady(raw) }];
  });
  return services.flatMap((raw) => {
    const service = decodeService(raw, 'ignore').value;
    if (service === null || textAt(raw, 'spec', 'type') === 'ExternalName') return [];
    return service.ports.flatMap((port) =>
      frontsOfPort(raw, service, port, selected(raw, service, candidates), slices),
    );
  });
}

function frontsOfPort(
  raw: KubeObject,
  service: Service,
  port: ServicePort,
  pods: readonly Pod[] | null,
  slices: readonly KubeObject[],
): readonly Front[] {
  const title = `${service.namespace}/${service.name}:${port.name ?? port.port}`;
  const backends =
    pods === null ? handMadeBackends(service, port, slices) : pods.flatMap((pod) => backendsOf(pod, port));
  return service.clusterAddresses.map((clusterAddress) => {
    const family = familyOf(clusterAddress);
    return {
      title,
      family,
      protocol: port.protocol,
      clusterAddress,
      port: port.port,
      nodePort: port.nodePort,
      backends: distinct(backends.filter(({ address }) => familyOf(address) === family)),
      internalLocal: textAt(raw, 'spec', 'internalTrafficPolicy') === 'Local',
      externalLocal: textAt(raw, 'spec', 'externalTrafficPolicy') === 'Local',
      sticky: textAt(raw, 'spec', 'sessionAffinity') === 'ClientIP',
    };
  });
}

/** null: the Service has no selector, so its endpoints are made by hand. */
function selected(
  raw: KubeObject,
  service: Service,
  candidates: readonly Candidate[],
): readonly Pod[] | null {
  const { selector, namespace } = service;
  if (selector === null) return null;
  const early = objectAt(raw, 'spec').publishNotReadyAddresses === true;
  return candidates
    .filter(({ pod, ready }) => (ready || early) && pod.namespace === namespace)
    .map(({ pod }) => pod)
    .filter(({ labels }) => carries(labels, selector));
}

function carries(labels: Labels, selector: Labels): boolean {
  return [...selector].every(([key, value]) => labels.get(key) === value);
}

/** None, when the pod has no port of the name that targetPort asks for. */
function backendsOf(pod: Pod, { targetPort, protocol }: ServicePort): readonly Backend[] {
  const port =
    typeof targetPort === 'number'
      ? targetPort
      : pod.ports.find((each) => each.name === targetPort && each.protocol === protocol)?.port;
  if (port === undefined) return [];
  return pod.addresses.map((address) => ({ address, port, node: pod.node }));
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions')
    .filter(isObject)
    .some((condition) => condition.type === 'Ready' && condition.status === 'True');
}

/** Sorted, so that equal clusters give equal tables. */
function distinct(backends: readonly Backend[]): readonly Backend[] {
  const byPlace = new Map(backends.map((backend) => [`${backend.address} ${backend.port}`, backend]));
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
}
