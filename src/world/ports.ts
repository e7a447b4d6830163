/** Ports by number or name, of Services and of pods, and the words for one that is not there. */
import type { ContainerPort, Pod } from '../model/cluster.ts';
import { Failure } from '../model/failure.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { type End, endName } from './place.ts';
import type { PortQuestion } from './target.ts';

/** The port of that name that a pod declares, the first container's before the others'; null: none does. */
export function namedPort(
  { ports }: Pick<Pod, 'ports'>,
  name: string,
  protocol: Protocol | null,
): ContainerPort | null {
  return (
    ports.find((each) => each.name === name && (protocol === null || each.protocol === protocol)) ?? null
  );
}

/** The number at which a pod serves a Service's port; null: it declares none of the name that is asked for. */
export function targetPort(pod: Pod, port: ServicePort): number | null {
  if (typeof port.targetPort === 'number') return port.targetPort;
  return namedPort(pod, port.targetPort, port.protocol)?.port ?? null;
}

/** The ports of a Service that a question means: all without one, several where a protocol is left open. */
export function askedPorts({ ports }: Service, asked: PortQuestion | null): readonly ServicePort[] {
  if (asked === null) return ports;
  const { port, protocol } = asked;
  return ports.filter(
    (each) =>
      (protocol ?? each.protocol) === each.protocol &&
      (typeof port === 'number' ? each.port === port : each.name === port),
  );
}

/** For a name that nothing declares; the hint lists those there are. */
export function unknownPortName(end: End, port: string | number): Failure {
  const declared = end.kind === 'pod' ? [...end.pod.ports].sort((a, b) => a.port - b.port) : [];
  const names = declared.flatMap(({ name, port: number, protocol }) =>
    name === null ? [] : `${name} (${number}/${protocol})`,
  );
  return new Failure('NAME_UNKNOWN', `${endName(end)} declares no port named ${port}`, {
    hint: names.length === 0 ? 'give a number' : `it declares ${names.join(', ')}`,
  });
}

/** For a port that the Service does not have; the hint lists those there are. */
export function unknownServicePort(service: Service, { port, protocol }: PortQuestion): Failure {
  const asked = protocol === null ? String(port) : `${port}/${protocol}`;
  const ports = servicePorts(service);
  return new Failure('NAME_UNKNOWN', `Service ${service.namespace}/${service.name} has no port ${asked}`, {
    hint: ports.length === 0 ? 'it has no ports at all' : `it has ${ports.join(', ')}`,
  });
}

/** `80/TCP (http)` */
export function servicePorts({ ports }: Service): readonly string[] {
  return ports.map(({ port, protocol, name }) =>
    name === null ? `${port}/${protocol}` : `${port}/${protocol} (${name})`,
  );
}
