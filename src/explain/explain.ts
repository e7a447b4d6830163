/** A question about two ends, answered: every flow it means, judged, and one verdict over all of them. */
import { type Family, familyOf } from '../model/address.ts';
import { podKey } from '../model/cluster.ts';
import { Failure } from '../model/failure.ts';
import type { ServicePort } from '../model/service.ts';
import { type End, endName } from '../world/place.ts';
import type { PortQuestion, Target } from '../world/target.ts';
import type { World } from '../world/world.ts';
import { API_VERSION, type Explanation, type FlowReport, type MissingFact } from './explanation.ts';
import { judgeFlow } from './flow.ts';
import { foldRows } from './fold.ts';
import { type AskedPort, onePort } from './judge.ts';
import { overall } from './overall.ts';
import { declaredPorts, portRows } from './rows.ts';
import { servicePorts, unknownPortName, unknownServicePort } from './unknown-port.ts';

export interface Question {
  readonly source: Target;
  readonly destination: Target;
  /** null: every port worth a row. */
  readonly port: PortQuestion | null;
  readonly namespace: string;
}

export function explain(world: World, question: Question): Explanation {
  const flows = question.source.ends.flatMap((source) =>
    question.destination.ends.flatMap((destination) =>
      foldRows(
        routes(world, question, source, destination).flatMap((route) =>
          judgeFlow(world, { source, destination, ...route }),
        ),
      ),
    ),
  );
  if (flows.length === 0) throw nothingThere(question);
  return {
    apiVersion: API_VERSION,
    kind: 'Explanation',
    query: {
      source: question.source.name,
      destination: question.destination.name,
      port: question.port === null ? null : askedText(question.port),
      namespace: question.namespace,
    },
    input: world.input,
    ...overall(flows),
    assumptions: assumptions(world, question),
    missing: distinctFacts(flows),
    flows,
  };
}

interface Route {
  readonly port: AskedPort;
  readonly via: FlowReport['via'];
  readonly families: readonly Family[] | null;
}

function routes(world: World, question: Question, source: End, destination: End): readonly Route[] {
  const { service } = question.destination;
  if (service !== null) {
    return service.ports
      .filter((port) => question.port === null || isAsked(port, question.port))
      .flatMap((port) => backendRoutes(question, destination, port));
  }
  if (question.port === null) {
    return portRows(world, source, destination).map((port) => ({ port, via: null, families: null }));
  }
  return [{ port: directPort(question.port, destination), via: null, families: null }];
}

function isAsked(service: ServicePort, { port, protocol }: PortQuestion): boolean {
  if (protocol !== null && protocol !== service.protocol) return false;
  return typeof port === 'number' ? service.port === port : service.name === port;
}

/** The Service's port becomes the backend's (semantics H5); a name is looked up in each pod. */
function backendRoutes(question: Question, destination: End, port: ServicePort): readonly Route[] {
  const { service } = question.destination;
  if (service === null || destination.kind !== 'pod') return [];
  const declared = declaredPorts(destination);
  const target = port.targetPort;
  const found =
    typeof target === 'number'
      ? (declared.find((row) => row.number === target && row.protocol === port.protocol) ??
        onePort(port.protocol, target))
      : declared.find((row) => row.name === target && row.protocol === port.protocol);
  if (found === undefined) return [];
  const via = {
    service: `${service.namespace}/${service.name}`,
    address: service.clusterAddresses[0] ?? null,
    port: port.port,
  };
  const families = service.clusterAddresses.map(familyOf);
  return [{ port: found, via, families: families.length > 0 ? families : null }];
}

function directPort({ port, protocol }: PortQuestion, destination: End): AskedPort {
  const declared = declaredPorts(destination);
  if (typeof port === 'number') {
    const wanted = protocol ?? 'TCP';
    const found = declared.find((row) => row.number === port && row.protocol === wanted);
    return found ?? onePort(wanted, port);
  }
  const found = declared.find((row) => row.name === port && (protocol === null || row.protocol === protocol));
  if (found !== undefined) return found;
  throw unknownPortName(destination, port);
}

function distinctFacts(flows: readonly FlowReport[]): readonly MissingFact[] {
  return [...new Map(flows.flatMap((flow) => flow.missing.map((fact) => [fact.fact, fact]))).values()];
}

function askedText({ port, protocol }: PortQuestion): string {
  return protocol === null ? String(port) : `${port}/${protocol}`;
}

function assumptions(world: World, question: Question): readonly string[] {
  const texts: string[] = [];
  const ends = [...question.source.ends, ...question.destination.ends];
  const without = ends.filter(
    (end) => end.kind === 'pod' && world.standIns.has(podKey(end.pod.namespace, end.pod.name)),
  );
  if (without.length > 0) {
    const names = [...new Set(without.map(endName))];
    texts.push(
      `${names.join(' and ')} ${names.length === 1 ? 'has' : 'have'} no address yet: judged by labels`,
    );
  }
  const outside = question.source.ends.some((end) => end.kind === 'internet' || end.kind === 'address');
  if (outside && question.destination.service !== null) {
    texts.push('the client address reaches the pod unchanged (no masquerading node on the way)');
  }
  return texts;
}

function nothingThere({ destination, port }: Question): Failure {
  const { service } = destination;
  if (service === null) return new Failure('NAME_UNKNOWN', `${destination.name}: nothing to explain`);
  if (destination.ends.length === 0) {
    return new Failure('NAME_UNKNOWN', `Service ${service.namespace}/${service.name} selects no live pod`, {
      hint: 'compare its spec.selector with the labels of the pods',
    });
  }
  if (port !== null && !service.ports.some((each) => isAsked(each, port))) {
    return unknownServicePort(service, port.port, port.protocol);
  }
  return new Failure(
    'NAME_UNKNOWN',
    `no pod behind Service ${service.namespace}/${service.name} declares its targetPort`,
    { hint: `its ports are ${servicePorts(service).join(', ')}` },
  );
}
