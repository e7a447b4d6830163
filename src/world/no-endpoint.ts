/** Why nobody answers for a Service: the same words whoever asks. */
import { Failure } from '../model/failure.ts';
import type { Service } from '../model/service.ts';
import { endpointsOf, nodeNameOf } from './endpoints.ts';
import { type End, endName, podName } from './place.ts';
import { askedPorts, servicePorts, targetPort, unknownServicePort } from './ports.ts';
import { selectedPods } from './selected.ts';
import type { PortQuestion } from './target.ts';
import type { World } from './world.ts';

/** For a client whom no endpoint answers at the port asked for; without one, at none. */
export function noEndpoint(world: World, client: End, service: Service, asked: PortQuestion | null): Failure {
  const name = `Service ${service.namespace}/${service.name}`;
  const ports = askedPorts(service, asked);
  if (ports.length === 0 && asked !== null) return unknownServicePort(service, asked);
  const listed = ports.flatMap((port) => endpointsOf(world, service, port));
  const node = nodeNameOf(client);
  if (listed.some(({ ready }) => ready) && node !== null) {
    return failure(`no endpoint of ${name} is on ${node}, and its internalTrafficPolicy is Local`, {
      hint: 'name a client on another node, or one of its pods',
    });
  }
  if (listed.length > 0) {
    const names = [...new Set(listed.map(({ end }) => endName(end)))];
    return failure(`no endpoint of ${name} is ready`, { hint: `not ready: ${names.join(', ')}` });
  }
  if (service.selector === null) {
    const told = `svc/${service.namespace}/${service.name} has no selector: its endpoints are managed by hand`;
    return world.slicesListed
      ? failure(`${told}, and no EndpointSlice lists one`)
      : failure(told, { hint: 'give its EndpointSlices too, or name the address of an endpoint instead' });
  }
  const pods = selectedPods(world, service);
  if (pods.length === 0) {
    return failure(`${name} selects no live pod`, {
      hint: 'compare its spec.selector with the labels of the pods',
    });
  }
  if (pods.some((pod) => ports.some((port) => targetPort(pod, port) !== null))) {
    const names = pods.map((pod) => podName(pod)).join(', ');
    const told = world.slicesListed || world.slices.has(`${service.namespace}/${service.name}`);
    const why = told ? 'whom no EndpointSlice lists' : 'without an address of its families';
    return failure(`${name} has no endpoint`, { hint: `its selector chooses ${names}, ${why}` });
  }
  return failure(`no pod behind ${name} declares its targetPort`, {
    hint: `its ports are ${servicePorts(service).join(', ')}`,
  });
}

function failure(message: string, options: { readonly hint?: string } = {}): Failure {
  return new Failure('NAME_UNKNOWN', message, options);
}
