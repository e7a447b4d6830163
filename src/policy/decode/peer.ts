/** NetworkPolicyPeer -> Peer (semantics A7, A8, E1, E4). What is broken matches nothing. */
import type { Cidr } from '../../model/address.ts';
import { familyOf } from '../../model/address.ts';
import type { Path } from '../../model/labels.ts';
import type { Peer } from '../../model/policy.ts';
import { parseCidr, strictlyContains } from '../../net/cidr.ts';
import { isAbsent, isObject, Problems, type RawObject, readList, readObject, readString } from './decoded.ts';
import { formatProblem } from './problem.ts';
import { readSelector } from './selector.ts';

const CIDR_MESSAGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

export function readPeer(value: unknown, path: Path, namespace: string, problems: Problems): Peer {
  const own = new Problems();
  const peer = isObject(value) ? readKnownPeer(value, path, namespace, own) : null;
  if (!isObject(value)) own.invalid(path, value, 'must be an object');
  problems.list.push(...own.list);
  if (peer) return peer;
  const [first] = own.list;
  return { kind: 'nothing', path, problem: first ? formatProblem(first) : 'no peer' };
}

/** null: nothing usable, and a problem says why. */
function readKnownPeer(value: RawObject, path: Path, namespace: string, problems: Problems): Peer | null {
  const { podSelector, namespaceSelector, ipBlock } = value;
  const bySelector = !isAbsent(podSelector) || !isAbsent(namespaceSelector);
  if (isAbsent(ipBlock)) {
    if (!bySelector) {
      problems.add('Required value', path, undefined, 'must specify a peer');
      return null;
    }
    const pods = readSelector(podSelector, [...path, 'podSelector'], problems);
    if (isAbsent(namespaceSelector))
      return { kind: 'pods', path, namespaces: { kind: 'named', name: namespace }, pods };
    const selector = readSelector(namespaceSelector, [...path, 'namespaceSelector'], problems);
    return { kind: 'pods', path, namespaces: { kind: 'selected', selector }, pods };
  }
  if (bySelector) {
    problems.add('Forbidden', path, undefined, 'may not specify both ipBlock and another peer');
    return null;
  }
  return readIpBlock(ipBlock, [...path, 'ipBlock'], path, problems);
}

/** A broken except breaks the whole block: leaving the except out would open what it closes. */
function readIpBlock(value: unknown, path: Path, peerPath: Path, problems: Problems): Peer | null {
  const block = readObject(value, path, problems);
  if (block === null) return null;
  const cidr = readCidr(block.cidr, [...path, 'cidr'], problems);
  const exceptPath = [...path, 'except'];
  const list = readList(block.except, exceptPath, problems);
  const except = (list ?? []).map((item, index) => {
    const found = readCidr(item, [...exceptPath, index], problems);
    if (found && cidr && !strictlyContains(cidr, found)) {
      const detail =
        familyOf(found) === familyOf(cidr)
          ? 'must be a strict subset of `cidr`'
          : 'must be of the family of `cidr`';
      problems.invalid([...exceptPath, index], item, detail);
    }
    return found;
  });
  const usable = except.filter((found) => found !== null);
  if (cidr === null || list === null || usable.length !== except.length) return null;
  return { kind: 'ipBlock', path: peerPath, cidr, except: usable };
}

/** Host bits are masked and leading zeros are decimal, as in objects stored before stricter validation. */
function readCidr(value: unknown, path: Path, problems: Problems): Cidr | null {
  const text = readString(value, path, problems);
  if (text === null || text === '') {
    if (isAbsent(value) || text === '') problems.add('Required value', path, undefined, '');
    return null;
  }
  const parsed = parseCidr(text);
  if (parsed === null) problems.invalid(path, text, CIDR_MESSAGE);
  return parsed?.cidr ?? null;
}
