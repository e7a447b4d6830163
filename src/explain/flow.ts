/** One flow, from one end to the other over one port: both directions, judged. */
import type { Family } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import type { Direction } from '../model/policy.ts';
import type { Flow } from '../model/verdict.ts';
import { evaluate } from '../policy/evaluate.ts';
import { ownerOf } from '../policy/owner.ts';
import { nodesOfRange } from '../policy/quarantine.ts';
import { type End, endName, type Place, placesOf, podName } from '../world/place.ts';
import type { World } from '../world/world.ts';
import { freeDirection, type JudgedDirection, judgeDirection } from './direction.ts';
import type { FlowReport, MissingFact, Verdict } from './explanation.ts';
import { type AskedPort, podOf } from './judge.ts';
import { judgeNobody } from './nobody.ts';
import type { ReasonCode } from './reasons.ts';
import { reportEnd } from './report-end.ts';
import { flowSummary } from './summary.ts';

export interface FlowQuestion {
  readonly source: End;
  readonly destination: End;
  readonly port: AskedPort;
  readonly via: FlowReport['via'];
  /** Those a Service is dialled by; null: any. */
  readonly families: readonly Family[] | null;
}

/** One report per address family the ends share; families that are judged alike are one report. */
export function judgeFlow(world: World, question: FlowQuestion): readonly FlowReport[] {
  const sources = placesOf(world, question.source).filter(
    ({ family }) => question.families === null || question.families.includes(family),
  );
  const destinations = placesOf(world, question.destination);
  const reports: FlowReport[] = [];
  for (const source of sources) {
    const destination = destinations.find((place) => place.family === source.family);
    if (destination === undefined) continue;
    const report = judgeFamily(world, question, source, destination);
    const alike = reports.findIndex((other) => sameVerdict(other, report));
    const other = reports[alike];
    if (other === undefined) reports.push(report);
    else reports[alike] = { ...other, families: [...other.families, source.family] };
  }
  return reports.length > 0 ? reports : [withoutFamily(world, question, destinations)];
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
  const flow: Flow = {
    source: source.address,
    destination: destination.address,
    transport: { kind: 'ports', protocol: question.port.protocol, port: question.port.number },
  };
  const evaluated = evaluate(world.snapshot, flow);
  const judge = (direction: Direction, subject: Pod | null, other: End, place: Place): JudgedDirection => {
    if (subject === null) return judgeNobody(world, flow, direction);
    const judged = judgeDirection(
      { world, direction, subject, other, place, port: question.port },
      evaluated[direction],
    );
    return withBridgeDoubt(world, withNodeDoubt(judged, subject, other), subject, other);
  };
  return assemble(
    world,
    question,
    [source.family],
    [judge('egress', from, question.destination, destination), judge('ingress', to, question.source, source)],
  );
}

/** A NodePort is the node's, but what comes to it goes on to a pod: dialled directly, nobody here is judged. */
function forwardedByNode(world: World, { destination, port, via }: FlowQuestion): MissingFact | null {
  const [host = null] = hostOf(world, destination);
  if (host === null || via !== null || port.scope !== 'one') return null;
  const service = [...world.services.values()].find(({ ports }) =>
    ports.some(({ protocol, nodePort }) => nodePort === port.number && protocol === port.protocol),
  );
  if (service === undefined) return null;
  const name = `svc/${service.namespace}/${service.name}`;
  return {
    code: 'UNKNOWN_NODE_PORT',
    fact: `which pod answers: ${port.text} is the NodePort of ${name}, and node ${host} forwards it to an endpoint, often in its own name`,
    hint: `explain the way to ${name} or to its pods, or use matrix --probe --services in the lab`,
  };
}

/** Itself, and its own node: no policy has a say (semantics H1, H2, H4). */
function specialReason(world: World, source: End, destination: End): ReasonCode | null {
  const [from, to] = [podOf(source), podOf(destination)];
  if (from !== null && from === to) return 'ALLOWED_SELF';
  if (from !== null && hostOf(world, destination).includes(from.node)) return 'ALLOWED_NODE_LOCAL';
  if (to !== null && hostOf(world, source).includes(to.node)) return 'ALLOWED_NODE_LOCAL';
  return null;
}

/** The node whose own network this end is, if it is one. */
function hostOf(world: World, end: End): readonly (string | null)[] {
  switch (end.kind) {
    case 'node':
      return [end.node.name];
    case 'pod':
      return end.pod.hostNetwork && end.pod.node !== null ? [end.pod.node] : [];
    case 'address':
      return [...world.snapshot.nodes.values()]
        .filter((node) => node.addresses.includes(end.address))
        .map((node) => node.name);
    case 'internet':
      return [];
  }
}

/** Denied to or from a host: but is it the pod's own node? */
function withNodeDoubt(judged: JudgedDirection, subject: Pod, other: End): JudgedDirection {
  const host = other.kind === 'node' || (other.kind === 'pod' && other.pod.hostNetwork);
  if (!host || judged.report.verdict === 'allowed') return judged;
  const blind =
    subject.node === null ? subject : other.kind === 'pod' && other.pod.node === null ? other.pod : null;
  if (blind === null) return judged;
  const name = podName(blind);
  return unknown(judged, {
    code: 'UNKNOWN_NODE',
    fact: `which node ${name} runs on: a pod and its own node always reach each other`,
    hint: `add spec.nodeName to ${name}, or ask the cluster`,
  });
}

/** Denied to or from an address that no pod has: but is it the bridge of the pod's own node? */
function withBridgeDoubt(
  { snapshot }: World,
  judged: JudgedDirection,
  subject: Pod,
  other: End,
): JudgedDirection {
  if (other.kind !== 'address' || judged.report.verdict !== 'denied') return judged;
  const { address } = other;
  const own = nodesOfRange(snapshot, address).some(({ name }) => name === subject.node);
  if (!own || ownerOf(snapshot, address) !== null) return judged;
  return unknown(judged, {
    code: 'UNKNOWN_ADDRESS',
    fact: `whose ${address} is: it lies in the pod range of ${subject.node}, no pod has it, and a pod and its own node always reach each other, by the address of the node's bridge too`,
    hint: `ask the node: ip address show to ${address}`,
  });
}

function unknown(judged: JudgedDirection, fact: MissingFact): JudgedDirection {
  return {
    report: { ...judged.report, verdict: 'unknown', reason: fact.code },
    missing: [...judged.missing, fact],
  };
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
