/** The endpoints that EndpointSlices give a port of a Service, as kube-proxy reads them. */
import { holdsAddresses, podKey } from '../model/cluster.ts';
import type { EndpointSlice, SliceEndpoint } from '../model/endpoint-slice.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { ownerOf } from '../policy/owner.ts';
import type { Endpoint } from './endpoint.ts';
import type { End } from './place.ts';
import type { World } from './world.ts';

/** Slices name the Service's port, and the number at the endpoint. One in two slices is ready if either says so. */
export function slicedEndpoints(
  world: World,
  { families }: Service,
  port: ServicePort,
  slices: readonly EndpointSlice[],
): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const { namespace, family, ports, endpoints } of slices) {
    if (family === null || (families.length > 0 && !families.includes(family))) continue;
    for (const { name, protocol, port: number } of ports) {
      if (name !== port.name || protocol !== port.protocol) continue;
      for (const listed of endpoints) {
        const key = `${listed.address} ${number}`;
        if (found.get(key)?.ready === true) continue;
        const { node, ready, serving, terminating } = listed;
        const end = whoseAddress(world, namespace, listed);
        found.set(key, { family, end, node, port: number, ready, serving, terminating });
      }
    }
  }
  return [...found.values()];
}

/** The pod that is named, if the address is its own as far as anybody knows; else whoever has the address. */
function whoseAddress(world: World, namespace: string, { address, pod: name }: SliceEndpoint): End {
  const named = name === null ? undefined : world.snapshot.pods.get(podKey(namespace, name));
  if (named !== undefined && (named.hostNetwork || holdsAddresses(named))) {
    const blind = named.addresses.length === 0 || world.standIns.has(podKey(namespace, named.name));
    if (blind || named.addresses.includes(address)) return { kind: 'pod', pod: named };
  }
  const pod = ownerOf(world.snapshot, address);
  return pod === null ? { kind: 'address', address } : { kind: 'pod', pod };
}
