/** The port to dial: a Service's own, or a pod's by number or name. */
import type { PortQuestion } from '../explain/explain.ts';
import type { Target } from '../explain/target.ts';
import { Failure } from '../model/failure.ts';
import type { Protocol } from '../model/protocol.ts';

export interface Dialled {
  readonly port: number;
  readonly protocol: Protocol;
}

export function onlyPort({ name, ends, service }: Target, asked: PortQuestion): Dialled {
  const { port, protocol } = asked;
  if (service !== null) {
    const found = service.ports.find(
      (each) =>
        (typeof port === 'number' ? each.port === port : each.name === port) &&
        (protocol === null || each.protocol === protocol),
    );
    if (found !== undefined) return { port: found.port, protocol: found.protocol };
    if (typeof port === 'number') return { port, protocol: protocol ?? 'TCP' };
  }
  if (typeof port === 'number') return { port, protocol: protocol ?? 'TCP' };
  const [end] = ends;
  const declared = end?.kind === 'pod' && service === null ? end.pod.ports : [];
  const named = declared.find(
    (each) => each.name === port && (protocol === null || each.protocol === protocol),
  );
  if (named !== undefined) return { port: named.port, protocol: named.protocol };
  throw new Failure('NAME_UNKNOWN', `${name} has no port named ${port}`, { hint: 'give a number' });
}
