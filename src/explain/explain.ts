/** A question about two ends, answered: every flow it means, judged, and one verdict over all of them. */
import { Failure } from '../model/failure.ts';
import { noEndpoint } from '../world/no-endpoint.ts';
import type { PortQuestion } from '../world/target.ts';
import type { World } from '../world/world.ts';
import { askedFlows } from './asked-flows.ts';
import { assumptions } from './assumptions.ts';
import { API_VERSION, type Explanation, type FlowReport, type MissingFact } from './explanation.ts';
import { type JudgedFlow, judgeFlow } from './flow.ts';
import { foldRows } from './fold.ts';
import { type KernelViews, notChecked, reportKernel } from './kernel.ts';
import type { KernelReport } from './kernel-report.ts';
import { overall } from './overall.ts';
import type { Question } from './question.ts';
import { withKernel } from './with-kernel.ts';

/** A question that nothing answers is a Failure: a name or a port that is not there, a Service without endpoints. */
export function explain(world: World, question: Question): Explanation {
  return explanationOf(
    world,
    question,
    judgedFlows(world, question).map(({ report }) => report),
  );
}

/** The same, and what the kernels on the way do with each flow. */
export async function explainWithKernel(
  world: World,
  question: Question,
  views: KernelViews,
): Promise<Explanation> {
  const judged = judgedFlows(world, question);
  const explanation = explanationOf(
    world,
    question,
    judged.map(({ report }) => report),
  );
  const flows = await Promise.all(
    judged.map(async (each) => ({ ...each.report, kernel: await kernelOf(each, views) })),
  );
  return withKernel(explanation, flows);
}

/** Of several families the one in which a kernel does something else. */
async function kernelOf({ report, routes, unseen }: JudgedFlow, views: KernelViews): Promise<KernelReport> {
  if (unseen !== null) return notChecked(unseen);
  const reports = await Promise.all(routes.map((route) => reportKernel(route, report.verdict, views)));
  return reports.find(({ state }) => state !== 'agrees') ?? reports[0] ?? notChecked(null);
}

function judgedFlows(world: World, question: Question): readonly JudgedFlow[] {
  const { source, destination, port } = question;
  const flows = source.ends.flatMap((client) =>
    askedFlows(world, client, destination, port).flatMap((asked) =>
      foldRows(asked.flatMap((each) => judgeFlow(world, each))),
    ),
  );
  if (flows.length === 0) throw nothingThere(world, question);
  return flows;
}

function explanationOf(world: World, question: Question, flows: readonly FlowReport[]): Explanation {
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
