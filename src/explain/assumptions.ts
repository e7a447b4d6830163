/** What was taken for granted to answer a question. */
import { podKey } from '../model/cluster.ts';
import type { Endpoint } from '../world/endpoint.ts';
import { answering, endpointsFor, endpointsOf, nodeNameOf } from '../world/endpoints.ts';
import { type End, endName } from '../world/place.ts';
import { askedPorts } from '../world/ports.ts';
import type { PortQuestion, ServiceTarget } from '../world/target.ts';
import type { World } from '../world/world.ts';
import type { Question } from './question.ts';

/** One sentence each; none where nothing was. */
export function assumptions(world: World, { source, destination, port }: Question): readonly string[] {
  const endpoints = destination.kind === 'service' ? listedEndpoints(world, destination, port) : [];
  const ends = destination.kind === 'service' ? endpoints.map(({ end }) => end) : destination.ends;
  const texts: string[] = [];
  const without = namesOf(
    [...source.ends, ...ends].filter(
      (end) => end.kind === 'pod' && world.standIns.has(podKey(end.pod.namespace, end.pod.name)),
    ),
  );
  if (without.length > 0) {
    const verb = without.length === 1 ? 'has' : 'have';
    texts.push(`${without.join(' and ')} ${verb} no address yet: judged by labels`);
  }
  if (destination.kind === 'ends') return texts;
  if (source.ends.some((end) => end.kind === 'internet' || end.kind === 'address')) {
    texts.push('the client address reaches the pod unchanged (no masquerading node on the way)');
  }
  const idle = namesOf(endpoints.filter((each) => !each.answers).map(({ end }) => end));
  if (idle.length > 0) {
    const verb = idle.length === 1 ? 'is' : 'are';
    texts.push(`${idle.join(' and ')} ${verb} not ready: connections go to the other endpoints`);
  }
  const ports = askedPorts(destination.service, port);
  const stranded = namesOf(
    source.ends.filter((end) =>
      ports.every((each) => endpointsFor(world, end, destination.service, each).length === 0),
    ),
  );
  if (stranded.length > 0) {
    texts.push(`${stranded.join(' and ')} cannot reach any: internalTrafficPolicy is Local`);
  }
  const adrift = namesOf(source.ends.filter((end) => nodeNameOf(end) === null));
  if (destination.service.internalLocal && adrift.length > 0) {
    texts.push(
      `${adrift.join(' and ')} may run on any node: internalTrafficPolicy Local leaves fewer endpoints`,
    );
  }
  return texts;
}

function namesOf(ends: readonly End[]): readonly string[] {
  return [...new Set(ends.map(endName))];
}

function listedEndpoints(
  world: World,
  { service }: ServiceTarget,
  asked: PortQuestion | null,
): readonly (Endpoint & { readonly answers: boolean })[] {
  return askedPorts(service, asked).flatMap((port) => {
    const all = endpointsOf(world, service, port);
    const chosen = new Set(answering(all));
    return all.map((each) => ({ ...each, answers: chosen.has(each) }));
  });
}
