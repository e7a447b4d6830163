/** NetworkPolicyPort (semantics 1.6). Anything wrong with a port, and it matches nothing (A8). */
import { z } from 'zod';
import type { Path } from '../../model/labels.ts';
import type { PortMatch } from '../../model/policy.ts';
import { PROTOCOLS, type Protocol } from '../../model/protocol.ts';
import type { Report } from './decoded.ts';
import { formatProblem, invalid, unsupported } from './problem.ts';
import { integer, integerOrText, leftEmpty, readObject, text } from './read.ts';
import { checkPortName, checkPortNumber } from './syntax.ts';

const schema = z.object({ protocol: text, port: integerOrText, endPort: integer });

/** Of Services and containers; the API server lists these sorted. */
export const SERVED_PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];

/** One item of `ports`; whatever is wrong with it is also in the report. */
export function decodePort(raw: unknown, path: Path, report: Report): PortMatch {
  const before = report.problems.length;
  const match = leftEmpty(schema, raw, path, report) ? null : readPort(raw, path, report);
  const problem = report.problems[before];
  if (problem) return { kind: 'nothing', path, problem: formatProblem(problem) };
  return match ?? { kind: 'nothing', path, problem: 'is not a port' };
}

/** Absent: TCP (semantics A5). null: there is no such protocol. */
export function readProtocol(
  given: string | null | undefined,
  path: Path,
  supported: readonly string[],
  { problems }: Report,
): Protocol | null {
  const protocol = PROTOCOLS.find((known) => known === (given ?? 'TCP'));
  if (protocol === undefined) problems.push(unsupported(path, given, supported));
  return protocol ?? null;
}

function readPort(raw: unknown, path: Path, report: Report): PortMatch | null {
  const fields = readObject(schema, raw, path, report);
  if (fields === null) return null;
  const { problems } = report;
  const protocol = readProtocol(fields.protocol, [...path, 'protocol'], PROTOCOLS, report);
  const { port, endPort } = fields;
  const portPath = [...path, 'port'];
  const endPath = [...path, 'endPort'];
  const given = endPort !== undefined && endPort !== null;
  if (port === undefined || port === null) {
    if (given) problems.push(invalid(endPath, endPort, 'may not be specified when `port` is not specified'));
    return protocol && { kind: 'all', path, protocol };
  }
  if (typeof port === 'string') {
    if (given) problems.push(invalid(endPath, endPort, 'may not be specified when `port` is non-numeric'));
    for (const message of checkPortName(port)) problems.push(invalid(portPath, port, message));
    return protocol && { kind: 'named', path, protocol, name: port };
  }
  for (const message of checkPortNumber(port)) problems.push(invalid(portPath, port, message));
  if (given) {
    if (endPort < port) problems.push(invalid(endPath, endPort, 'must be greater than or equal to `port`'));
    for (const message of checkPortNumber(endPort)) problems.push(invalid(endPath, endPort, message));
  }
  return protocol && { kind: 'range', path, protocol, first: port, last: given ? endPort : port };
}
