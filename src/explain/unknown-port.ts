/** A port that is not there: the same words whoever asks for it. */
import { Failure } from '../model/failure.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import { type End, endName } from '../world/place.ts';
import { declaredPorts } from './rows.ts';

export function unknownPortName(end: End, port: string | number): Failure {
  const names = declaredPorts(end).flatMap((row) => (row.name === null ? [] : `${row.name} (${row.text})`));
  return new Failure('NAME_UNKNOWN', `${endName(end)} declares no port named ${port}`, {
    hint: names.length === 0 ? 'give a number' : `it declares ${names.join(', ')}`,
  });
}

export function unknownServicePort(
  service: Service,
  port: string | number,
  protocol: Protocol | null,
): Failure {
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
