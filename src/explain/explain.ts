/** A question about two ends, answered: every flow it means, judged, and one verdict over all of them. */
import { Failure } from '../model/failure.ts';
import { noEndpoint } from '../world/no-endpoint.ts';
import type { PortQuestion } from '../world/target.ts';
import type { World } from '../world/world.ts';
import { askedFlows } from './asked-flows.ts';
import { assumptions } from './assumptions.ts';
import { API_VERSION, type Explanation, type FlowReport, type MissingFact } from './explanation.ts';
import { judgeFlow } from './flow.ts';
import { foldRows } from './fold.ts';
import { overall } from './overall.ts';
import type { Question } from './question.ts';

/** A question that nothing answers is a Failure: a name or a port that is not there, a Service without endpoints. */
export function explain(world: World, question: Question): Explanation {
  const { source, destination, port } = question;
  const flows = source.ends.flatMap((client) =>
    askedFlows(world, client, destination, port).flatMap((asked) =>
      foldRows(asked.flatMap((each) => judgeFlow(world, each))),
    ),
  );
  if (flows.length === 0) throw nothingThere(world, question);
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

function distinctFacts(flows: readonly FlowReport[]): readonly MissingFact[] {
  return [...new Map(flows.flatMap((flow) => flow.missing.map((fact) => [fact.fact, fact]))).values()];
}

function askedText({ port, protocol }: PortQuestion): string {
  return protocol === null ? String(port) : `${port}/${protocol}`;
}

function nothingThere(world: World, { source, destination, port }: Question): Failure {
  const [client] = source.ends;
  if (destination.kind === 'service' && client !== undefined) {
    return noEndpoint(world, client, destination.service, port);
  }
  return new Failure('NAME_UNKNOWN', `${destination.name}: nothing to explain`);
}
