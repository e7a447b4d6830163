import { createHash } from 'node:crypto';
import { familyOf } from '../../model/address.ts';
import { parseAddress } from '../../net/address.ts';
import {
  at,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  textAt,
} from '../apiserver/json.ts';
import type { Key } from '../apiserver/storage.ts';
import type { Store } from '../apiserver/store.ts';
import { isDeleting, keyOf, ownerReference } from './owner.ts';
import { WorkQueue } from './queue.ts';
import { isActive, isReady } from './replicasets.ts';

const serviceLabel = 'kubernetes.io/service-name';
const managerLabel = 'endpointslice.kubernetes.io/managed-by';
const manager = 'endpointslice-controller.k8s.io';

/**
 * Writes the EndpointSlices of Services with a selector: what `kubectl describe service` shows.
 * One slice per family and set of port numbers, since a named port may be another number in each pod.
 */
export function startEndpointSliceController(store: Store, failed: (error: unknown) => void): () => void {
  const queue = new WorkQueue<Key>((key) => reconcile(store, key), failed);
  const add = (key: Key): void => queue.add(`${key.namespace}/${key.name}`, key);
  const stops = [
    store.watch('services', ({ object }) => add(keyOf(object)), { initial: true }),
    store.watch('pods', ({ object }) => {
      const { namespace = '' } = object.metadata;
      for (const service of store.list('services', { namespace }).items) add(keyOf(service));
    }),
    store.watch('endpointslices', ({ object }) => {
      const name = textAt(object, 'metadata', 'labels', serviceLabel);
      if (isOurs(object) && name !== '') add({ namespace: object.metadata.namespace ?? '', name });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    queue.stop();
  };
}

function isOurs(slice: KubeObject): boolean {
  return textAt(slice, 'metadata', 'labels', managerLabel) === manager;
}

function reconcile(store: Store, key: Key): void {
  const service = store.get('services', key);
  if (service === null || isDeleting(service)) return;
  const wanted = slicesOf(service, store.list('pods', { namespace: key.namespace }).items);
  for (const [name, slice] of wanted) {
    const current = store.get('endpointslices', { namespace: key.namespace, name });
    if (current === null) store.create('endpointslices', slice);
    else if (!sameJson(current.endpoints, slice.endpoints)) {
      store.edit('endpointslices', keyOf(current), (old) => ({ ...old, endpoints: slice.endpoints }));
    }
  }
  for (const slice of store.list('endpointslices', { namespace: key.namespace }).items) {
    const own = isOurs(slice) && textAt(slice, 'metadata', 'labels', serviceLabel) === key.name;
    if (own && !wanted.has(slice.metadata.name) && !isDeleting(slice))
      store.delete('endpointslices', keyOf(slice));
  }
}

/** By name. None for Services without a selector, whose slices are made by hand. */
function slicesOf(service: KubeObject, pods: readonly KubeObject[]): ReadonlyMap<string, JsonObject> {
  const slices = new Map<string, JsonObject>();
  const selector = Object.entries(objectAt(service, 'spec', 'selector'));
  if (selector.length === 0 || textAt(service, 'spec', 'type') === 'ExternalName') return slices;
  for (const pod of pods) {
    const labels = objectAt(pod, 'metadata', 'labels');
    if (!isActive(pod) || !selector.every(([key, value]) => at(labels, key) === value)) continue;
    for (const entry of listAt(pod, 'status', 'podIPs'))
      addEndpoint(slices, service, pod, textAt(entry, 'ip'));
  }
  return slices;
}

function addEndpoint(
  slices: Map<string, JsonObject>,
  service: KubeObject,
  pod: KubeObject,
  ip: string,
): void {
  const address = parseAddress(ip);
  if (address === null) return;
  const addressType = `IPv${familyOf(address)}`;
  if (!listAt(service, 'spec', 'ipFamilies').includes(addressType)) return;
  const ports = portsOf(service, pod);
  const { name, namespace } = service.metadata;
  const hash = createHash('sha256')
    .update(JSON.stringify([addressType, ports]))
    .digest('hex')
    .slice(0, 5);
  // The name of a Service is never longer than 63 characters, that of a slice may have 253.
  const id = `${name}-${hash}`;
  const before = listAt(slices.get(id), 'endpoints');
  slices.set(id, {
    metadata: {
      name: id,
      namespace,
      labels: { [serviceLabel]: name, [managerLabel]: manager },
      ownerReferences: [ownerReference(service)],
    },
    addressType,
    ports,
    endpoints: [...before, endpoint(pod, address, at(service, 'spec', 'publishNotReadyAddresses') === true)],
  });
}

function endpoint(pod: KubeObject, address: string, early: boolean): JsonObject {
  const ready = isReady(pod);
  const { name, namespace = '', uid } = pod.metadata;
  const nodeName = textAt(pod, 'spec', 'nodeName');
  return {
    addresses: [address],
    conditions: { ready: ready || early, serving: ready, terminating: false },
    ...(nodeName === '' ? {} : { nodeName }),
    targetRef: { kind: 'Pod', name, namespace, uid },
  };
}

function portsOf(service: KubeObject, pod: KubeObject): readonly Json[] {
  const sidecars = listAt(pod, 'spec', 'initContainers').filter(
    (container) => textAt(container, 'restartPolicy') === 'Always',
  );
  const declared = [...listAt(pod, 'spec', 'containers'), ...sidecars].flatMap((container) =>
    listAt(container, 'ports'),
  );
  return listAt(service, 'spec', 'ports')
    .filter(isObject)
    .flatMap((port) => {
      const { targetPort, protocol = 'TCP', name = '' } = port;
      if (typeof targetPort !== 'string') return [{ name, protocol, port: targetPort }];
      const found = declared.find(
        (item) => textAt(item, 'name') === targetPort && at(item, 'protocol') === protocol,
      );
      const number = numberAt(found, 'containerPort');
      return number === null ? [] : [{ name, protocol, port: number }];
    });
}
