/** One flow, from one end to the other over one port: both directions, judged. */
import type { Family } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import type { Direction } from '../model/policy.ts';
import { evaluate } from '../policy/evaluate.ts';
import { type End, endName, type Place, placesOf } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { freeDirection, type JudgedDirection, judgeDirection } from './direction.ts';
import { forwardedByNode, specialReason, unknown, withDoubts } from './doubts.ts';
import type { FlowReport, MissingFact, Verdict } from './explanation.ts';
import type { FlowQuestion } from './flow-question.ts';
import { podOf } from './judge.ts';
import { judgeNobody } from './nobody.ts';
import type { ReasonCode } from './reasons.ts';
import { reportEnd } from './report-end.ts';
import { flowOf } from './route.ts';
import { type Sight, sightOf } from './sight.ts';
import { flowSummary } from './summary.ts';

/** A flow as it is reported, and how the kernels see it. */
export interface JudgedFlow extends Sight {
  readonly report: FlowReport;
}

/** One report per address family the ends share; families that are judged alike are one report. */
export function judgeFlow(world: World, question: FlowQuestion): readonly JudgedFlow[] {
  const sources = placesOf(world, question.source).filter(
    ({ family }) => question.families === null || question.families.includes(family),
  );
  const destinations = placesOf(world, question.destination);
  const judged: JudgedFlow[] = [];
  for (const source of sources) {
    const destination = destinations.find((place) => place.family === source.family);
    if (destination === undefined) continue;
    const report = judgeFamily(world, question, source, destination);
    const sight = sightOf(world, question, report, { source, destination });
    const alike = judged.findIndex((other) => sameVerdict(other.report, report));
    const other = judged[alike];
    if (other === undefined) judged.push({ report, ...sight });
    else {
      judged[alike] = {
        report: { ...other.report, families: [...other.report.families, source.family] },
        routes: [...other.routes, ...sight.routes],
        unseen: other.unseen ?? sight.unseen,
      };
    }
  }
  if (judged.length > 0) return judged;
  return [{ report: withoutFamily(world, question, destinations), routes: [], unseen: null }];
}

function sameVerdict(a: FlowReport, b: FlowReport): boolean {
  const key = (report: FlowReport): string =>
    JSON.stringify([
      report.verdict,
      report.reason,
      report.directions.map((direction) => [direction.verdict, direction.reason]),
    ]);
  return key(a) === key(b);
}

function judgeFamily(world: World, question: FlowQuestion, source: Place, destination: Place): FlowReport {
  const forwarded = forwardedByNode(world, question);
  if (forwarded !== null) return withoutVerdict(world, question, [source.family], forwarded);
  const special = specialReason(world, question.source, question.destination);
  const [from, to] = [podOf(question.source), podOf(question.destination)];
  if (special !== null) {
    return assemble(
      world,
      question,
      [source.family],
      [freeDirection('egress', from, special), freeDirection('ingress', to, special)],
    );
  }
  const flow = flowOf(source, destination, question.port);
  const evaluated = evaluate(world.snapshot, flow);
  const judge = (direction: Direction, subject: Pod | null, other: End, place: Place): JudgedDirection => {
    if (subject === null) return judgeNobody(world, flow, direction);
    const judged = judgeDirection(
      { world, direction, subject, other, place, port: question.port },
      evaluated[direction],
    );
    return withDoubts(world, judged, subject, other);
  };
  return assemble(
    world,
    question,
    [source.family],
    [judge('egress', from, question.destination, destination), judge('ingress', to, question.source, source)],
  );
}

/** Pods of one family each, or one whose address is another's: nothing can be judged. */
function withoutFamily(world: World, question: FlowQuestion, destinations: readonly Place[]): FlowReport {
  const [source, destination] = [endName(question.source), endName(question.destination)];
  const lost = placesOf(world, question.source).length === 0;
  const homeless = lost ? source : destinations.length === 0 ? destination : null;
  const fact: MissingFact = {
    code: 'UNKNOWN_ADDRESS',
    fact:
      homeless === null
        ? `how ${source} would reach ${destination}: they share no address family`
        : `the address of ${homeless}: another pod has the one it had`,
    hint: homeless === null ? 'give both ends an address of one family' : 'ask again when it has one',
  };
  return withoutVerdict(world, question, [], fact);
}

function withoutVerdict(
  world: World,
  question: FlowQuestion,
  families: readonly Family[],
  fact: MissingFact,
): FlowReport {
  return assemble(world, question, families, [
    unknown(freeDirection('egress', podOf(question.source), fact.code), fact),
    unknown(freeDirection('ingress', podOf(question.destination), fact.code), fact),
  ]);
}

function assemble(
  world: World,
  question: FlowQuestion,
  families: readonly Family[],
  judged: readonly JudgedDirection[],
): FlowReport {
  const directions = judged.map((each) => each.report);
  const { verdict, reason } = combine(directions);
  const missing = new Map(
    judged
      .filter(({ report }) => report.verdict === 'unknown')
      .flatMap((each) => each.missing.map((fact) => [fact.fact, fact])),
  );
  const bare = {
    source: reportEnd(world, question.source),
    destination: reportEnd(world, question.destination),
    via: question.via,
    ports: question.port.text,
    protocol: question.port.protocol,
    port: question.port.scope === 'one' ? question.port.number : null,
    examplePort: question.port.number,
    portName: question.port.name,
    declared: question.port.declared,
    families,
    verdict,
    reason,
    missing: verdict === 'unknown' ? [...missing.values()] : [],
    directions,
    kernel: null,
  };
  return { ...bare, summary: flowSummary(bare) };
}

/** Both have to allow (B3): one denial decides, then one unknown. */
function combine(directions: FlowReport['directions']): {
  readonly verdict: Verdict;
  readonly reason: ReasonCode;
} {
  for (const verdict of ['denied', 'unknown'] as const) {
    const deciding = directions.find((direction) => direction.verdict === verdict);
    if (deciding !== undefined) return { verdict, reason: deciding.reason };
  }
  const order: readonly ReasonCode[] = ['ALLOWED_SELF', 'ALLOWED_NODE_LOCAL', 'ALLOWED_BY_RULE'];
  const reason = order.find((code) => directions.some((direction) => direction.reason === code));
  return { verdict: 'allowed', reason: reason ?? 'ALLOWED_NOT_ISOLATED' };
}
