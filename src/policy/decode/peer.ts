/** NetworkPolicyPeer (semantics 1.3, 1.5). Anything wrong with a peer, and it matches nothing (A7, A8). */
import { z } from 'zod';
import type { Cidr } from '../../model/address.ts';
import type { Path } from '../../model/labels.ts';
import type { Peer } from '../../model/policy.ts';
import { parseCidr, strictlyContains } from '../../net/cidr.ts';
import type { Report } from './decoded.ts';
import { forbidden, formatProblem, invalid, required } from './problem.ts';
import { leftEmpty, part, readObject, strings, text } from './read.ts';
import { decodeSelector } from './selector.ts';

const schema = z.object({ podSelector: part, namespaceSelector: part, ipBlock: part });
const ipBlockSchema = z.object({ cidr: text, except: strings });

const CIDR_RULE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** `namespace` is the policy's own. */
export function decodePeer(raw: unknown, path: Path, namespace: string, report: Report): Peer {
  const before = report.problems.length;
  const peer = leftEmpty(schema, raw, path, report) ? null : readPeer(raw, path, namespace, report);
  const problem = report.problems[before];
  if (problem) return { kind: 'nothing', path, problem: formatProblem(problem) };
  return peer ?? { kind: 'nothing', path, problem: 'must specify a peer' };
}

function readPeer(raw: unknown, path: Path, namespace: string, report: Report): Peer | null {
  const fields = readObject(schema, raw, path, report);
  if (fields === null) return null;
  const has = (value: unknown): boolean => value !== undefined && value !== null;
  const byPods = has(fields.podSelector);
  const byNamespaces = has(fields.namespaceSelector);
  const pods = decodeSelector(fields.podSelector, [...path, 'podSelector'], report);
  const namespaces = decodeSelector(fields.namespaceSelector, [...path, 'namespaceSelector'], report);
  const ipBlock = has(fields.ipBlock) ? readIpBlock(fields.ipBlock, path, report) : null;
  if (!byPods && !byNamespaces && !has(fields.ipBlock)) {
    report.problems.push(required(path, 'must specify a peer'));
    return null;
  }
  if (!has(fields.ipBlock)) {
    return {
      kind: 'pods',
      path,
      pods,
      namespaces: byNamespaces
        ? { kind: 'selected', selector: namespaces }
        : { kind: 'named', name: namespace },
    };
  }
  if (byPods || byNamespaces)
    report.problems.push(forbidden(path, 'may not specify both ipBlock and another peer'));
  return ipBlock;
}

function readIpBlock(raw: unknown, peerPath: Path, report: Report): Peer | null {
  const path = [...peerPath, 'ipBlock'];
  const fields = readObject(ipBlockSchema, raw, path, report);
  if (fields === null) return null;
  if (!fields.cidr) {
    report.problems.push(required([...path, 'cidr']));
    return null;
  }
  const cidr = readCidr(fields.cidr, [...path, 'cidr'], report);
  if (cidr === null) return null;
  const except = (fields.except ?? []).flatMap((entry, index) => {
    const exceptPath = [...path, 'except', index];
    const inner = readCidr(entry, exceptPath, report);
    if (inner === null) return [];
    if (!strictlyContains(cidr, inner))
      report.problems.push(invalid(exceptPath, entry, 'must be a strict subset of `cidr`'));
    return [inner];
  });
  return { kind: 'ipBlock', path: peerPath, cidr, except };
}

function readCidr(entry: string, path: Path, report: Report): Cidr | null {
  const parsed = parseCidr(entry);
  if (parsed === null) report.problems.push(invalid(path, entry, CIDR_RULE));
  return parsed?.cidr ?? null;
}
