/** networking.k8s.io/v1 NetworkPolicy: defaults and validation as the API server applies them (semantics 1.1). */
import { z } from 'zod';
import type { Path, Selector } from '../../model/labels.ts';
import type { Direction, Policy, PolicyRule } from '../../model/policy.ts';
import { type Decoded, decoded, newReport, type Report, type UnknownFields } from './decoded.ts';
import { type KindRules, readTop } from './metadata.ts';
import { formatProblem, invalid, unsupported } from './problem.ts';
import { part, readList, readObject } from './read.ts';
import { decodeRule } from './rule.ts';
import { decodeSelector } from './selector.ts';
import { checkSubdomain } from './syntax.ts';

const RULES: KindRules = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  namespaced: true,
  checkName: checkSubdomain,
};

const schema = z.object({ podSelector: part, ingress: part, egress: part, policyTypes: part });

const TYPES: Readonly<Record<string, Direction>> = { Ingress: 'ingress', Egress: 'egress' };
const PATH: Path = ['spec'];

/** Of any JSON; never throws. In a watch, a spec that cannot be read selects nobody. */
export function decodeNetworkPolicy(raw: unknown, unknownFields: UnknownFields): Decoded<Policy> {
  const report = newReport(unknownFields);
  const read = readTop(raw, RULES, report);
  if (read === null) return decoded<Policy>(null, report);
  const { namespace, name } = read.metadata;
  const spec = readObject(schema, read.top.spec ?? {}, PATH, report);
  if (spec === null) {
    const problem = report.problems.map(formatProblem).at(-1) ?? 'spec cannot be read';
    const subject: Selector = { kind: 'nothing', problem };
    return decoded<Policy>(
      { kind: 'NetworkPolicy', namespace, name, subject, ingress: [], egress: [], problems: report.problems },
      report,
    );
  }
  const subject = decodeSelector(spec.podSelector, [...PATH, 'podSelector'], report);
  const rules = {
    ingress: readRules(spec.ingress, 'ingress', namespace, report),
    egress: readRules(spec.egress, 'egress', namespace, report),
  };
  const isolates = readTypes(spec.policyTypes, rules.egress === null || rules.egress.length > 0, report);
  const inDirection = (direction: Direction): readonly PolicyRule[] | null =>
    isolates.has(direction) ? (rules[direction] ?? []) : null;
  return decoded<Policy>(
    {
      kind: 'NetworkPolicy',
      namespace,
      name,
      subject,
      ingress: inDirection('ingress'),
      egress: inDirection('egress'),
      problems: report.problems,
    },
    report,
  );
}

/** null: there is something, but no list of rules. */
function readRules(
  raw: unknown,
  direction: Direction,
  namespace: string,
  report: Report,
): readonly PolicyRule[] | null {
  const path = [...PATH, direction];
  const list = readList(raw, path, report);
  if (list === null) return null;
  return (list ?? []).map((rule, index) =>
    decodeRule(rule, [...path, index], index, direction, namespace, report),
  );
}

/** Empty: Ingress, and Egress if it has rules (semantics A2). What cannot be understood isolates both ways. */
function readTypes(raw: unknown, hasEgress: boolean, report: Report): ReadonlySet<Direction> {
  const path = [...PATH, 'policyTypes'];
  const list = readList(raw, path, report);
  if (list === null) return new Set<Direction>(['ingress', 'egress']);
  if (list === undefined || list.length === 0)
    return new Set<Direction>(hasEgress ? ['ingress', 'egress'] : ['ingress']);
  const isolates = new Set<Direction>();
  if (list.length > 2) report.problems.push(invalid(path, list, 'may not specify more than two policyTypes'));
  for (const [index, entry] of list.entries()) {
    const direction = typeof entry === 'string' && Object.hasOwn(TYPES, entry) ? TYPES[entry] : undefined;
    if (direction !== undefined) isolates.add(direction);
    else {
      report.problems.push(unsupported([...path, index], entry, Object.keys(TYPES)));
      isolates.add('ingress').add('egress');
    }
  }
  return isolates;
}
