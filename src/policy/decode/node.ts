/** v1 Node: addresses and pod ranges. What is broken is left out and reported. */
import type { Address, Cidr } from '../../model/address.ts';
import type { Node } from '../../model/cluster.ts';
import type { Path } from '../../model/labels.ts';
import type { RawObject } from '../../model/raw-object.ts';
import { parseAddress } from '../../net/address.ts';
import { parseCidr } from '../../net/cidr.ts';
import { type Decoded, decoded, newReport, type Report, type UnknownFields } from './decoded.ts';
import { type KindRules, readTop } from './metadata.ts';
import { invalid } from './problem.ts';
import { readList, readPart, readText } from './read.ts';
import { checkSubdomain } from './syntax.ts';

const RULES: KindRules = { apiVersion: 'v1', kind: 'Node', namespaced: false, checkName: checkSubdomain };

/** v1 Node, of any JSON. Never throws. */
export function decodeNode(raw: unknown, unknownFields: UnknownFields): Decoded<Node> {
  const report = newReport(unknownFields);
  const read = readTop(raw, RULES, report);
  if (read === null) return decoded<Node>(null, report);
  const spec = readPart(read.top.spec, ['spec'], report);
  const status = readPart(read.top.status, ['status'], report);
  const { name, labels } = read.metadata;
  return decoded<Node>(
    { name, labels, addresses: readAddresses(status, report), podCidrs: readPodCidrs(spec, report) },
    report,
  );
}

function readAddresses(status: RawObject, report: Report): readonly Address[] {
  const path = ['status', 'addresses'];
  const addresses = new Set<Address>();
  for (const [index, entry] of (readList(status.addresses, path, report) ?? []).entries()) {
    const { type, address: raw } = readPart(entry, [...path, index], report);
    if (type !== 'InternalIP' && type !== 'ExternalIP') continue;
    const at = [...path, index, 'address'];
    const given = readText(raw, at, report);
    const address = parseAddress(given);
    if (address !== null) addresses.add(address);
    else report.problems.push(invalid(at, given, 'must be a valid IP address'));
  }
  return [...addresses];
}

/** podCIDR alone is what old objects have. */
function readPodCidrs(spec: RawObject, report: Report): readonly Cidr[] {
  const path = ['spec', 'podCIDRs'];
  const listed = readList(spec.podCIDRs, path, report) ?? [];
  const cidrs = new Set<Cidr>();
  const add = (value: unknown, at: Path): void => {
    const given = readText(value, at, report);
    const cidr = parseCidr(given)?.cidr;
    if (cidr !== undefined) cidrs.add(cidr);
    else if (given !== '')
      report.problems.push(
        invalid(at, given, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'),
      );
  };
  for (const [index, entry] of listed.entries()) add(entry, [...path, index]);
  add(spec.podCIDR, ['spec', 'podCIDR']);
  return [...cidrs];
}
