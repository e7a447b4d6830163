/** What to dial: a pod's port by number or name; for a Service, what its proxy would choose. */
import type { PortQuestion } from '../explain/explain.ts';
import { type End, endName } from '../explain/place.ts';
import type { Target } from '../explain/target.ts';
import { Failure } from '../model/failure.ts';
import type { Protocol } from '../model/protocol.ts';
import type { ServicePort } from '../model/service.ts';

export interface Dialled {
  readonly port: number;
  readonly protocol: Protocol;
}

export interface Dial {
  readonly end: End;
  readonly dialled: Dialled;
  readonly note: string | null;
}

export function dial(target: Target, asked: PortQuestion): Dial {
  if (target.service !== null) return dialService(target, asked);
  const [end] = target.ends;
  if (end === undefined) throw new Failure('NAME_UNKNOWN', `${target.name} has no pods`);
  return { end, dialled: directPort(target.name, end, asked), note: null };
}

function directPort(name: string, end: End, { port, protocol }: PortQuestion): Dialled {
  if (typeof port === 'number') return { port, protocol: protocol ?? 'TCP' };
  const declared = end.kind === 'pod' ? end.pod.ports : [];
  const named = declared.find((each) => each.name === port && (protocol ?? each.protocol) === each.protocol);
  if (named !== undefined) return { port: named.port, protocol: named.protocol };
  throw new Failure('NAME_UNKNOWN', `${name} declares no port named ${port}`, { hint: 'give a number' });
}

/** The lab has no Service proxy, and policies see the endpoint anyway (semantics H5): it is dialled itself. */
function dialService({ name, ends, service }: Target, { port, protocol }: PortQuestion): Dial {
  const found = service?.ports.find(
    (each) =>
      (typeof port === 'number' ? each.port === port : each.name === port) &&
      (protocol ?? each.protocol) === each.protocol,
  );
  if (found === undefined) {
    const ports = (service?.ports ?? []).map((each) => `${each.port}/${each.protocol}`).join(', ');
    throw new Failure('NAME_UNKNOWN', `${name} has no port ${port}`, { hint: `it has ${ports || 'none'}` });
  }
  for (const end of ends) {
    const number = targetPort(end, found);
    if (number === null) continue;
    const dialled = { port: number, protocol: found.protocol };
    const at = `${endName(end)}:${number}/${found.protocol}`;
    return { end, dialled, note: `the lab has no Service proxy: dialling the endpoint ${at} itself` };
  }
  throw new Failure('NAME_UNKNOWN', `no live pod behind ${name} serves port ${found.port}`, {
    hint: 'compare its spec.selector and targetPort with the labels and ports of the pods',
  });
}

function targetPort(end: End, { targetPort: target, protocol }: ServicePort): number | null {
  if (typeof target === 'number') return target;
  if (end.kind !== 'pod') return null;
  return end.pod.ports.find((each) => each.name === target && each.protocol === protocol)?.port ?? null;
}
