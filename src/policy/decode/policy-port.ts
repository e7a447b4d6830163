/** NetworkPolicyPort -> PortMatch (semantics A5, F1 to F3). What is broken matches nothing. */
import type { Path } from '../../model/labels.ts';
import type { PortMatch } from '../../model/policy.ts';
import { PROTOCOLS, type Protocol } from '../../model/protocol.ts';
import { isAbsent, isObject, Problems, type RawObject } from './decoded.ts';
import { isPortNumber, portNameFault } from './names.ts';
import { formatProblem } from './problem.ts';

export const PORT_MESSAGE = 'must be between 1 and 65535, inclusive';

export function readPolicyPort(value: unknown, path: Path, problems: Problems): PortMatch {
  const own = new Problems();
  const match = isObject(value) ? readKnownPort(value, path, own) : null;
  if (!isObject(value)) own.invalid(path, value, 'must be an object');
  problems.list.push(...own.list);
  const [first] = own.list;
  if (match && !first) return match;
  return { kind: 'nothing', path, problem: first ? formatProblem(first) : 'no port' };
}

function readKnownPort(value: RawObject, path: Path, problems: Problems): PortMatch {
  const protocol = readProtocol(value.protocol, [...path, 'protocol'], problems);
  const { port, endPort } = value;
  const endPath = [...path, 'endPort'];
  if (isAbsent(port)) {
    if (!isAbsent(endPort))
      problems.invalid(endPath, endPort, 'may not be specified when `port` is not specified');
    return { kind: 'all', path, protocol };
  }
  if (typeof port === 'number') {
    if (!isPortNumber(port)) problems.invalid([...path, 'port'], port, PORT_MESSAGE);
    const last = isAbsent(endPort) ? port : readEndPort(endPort, port, endPath, problems);
    return { kind: 'range', path, protocol, first: port, last };
  }
  if (!isAbsent(endPort))
    problems.invalid(endPath, endPort, 'may not be specified when `port` is non-numeric');
  const name = typeof port === 'string' ? port : '';
  if (typeof port !== 'string') problems.invalid([...path, 'port'], port, 'must be a number or a name');
  else {
    const fault = portNameFault(port);
    if (fault !== null) problems.invalid([...path, 'port'], port, fault);
  }
  return { kind: 'named', path, protocol, name };
}

function readEndPort(value: unknown, port: number, path: Path, problems: Problems): number {
  if (typeof value !== 'number') {
    problems.invalid(path, value, 'must be a number');
    return port;
  }
  if (value < port) problems.invalid(path, value, 'must be greater than or equal to `port`');
  if (!isPortNumber(value)) problems.invalid(path, value, PORT_MESSAGE);
  return value;
}

/** Absent means TCP, for named ports too (A5). */
export function readProtocol(value: unknown, path: Path, problems: Problems): Protocol {
  if (isAbsent(value)) return 'TCP';
  const protocol = PROTOCOLS.find((known) => known === value);
  if (protocol) return protocol;
  problems.add('Unsupported value', path, value, 'supported values: "SCTP", "TCP", "UDP"');
  return 'TCP';
}
