/** Node as stored -> addresses and pod ranges. */
import type { Address, Cidr } from '../../model/address.ts';
import type { Node } from '../../model/cluster.ts';
import { parseAddress } from '../../net/address.ts';
import { parseCidr } from '../../net/cidr.ts';
import {
  type Decoded,
  isAbsent,
  isObject,
  Problems,
  type RawObject,
  readList,
  readObject,
  type UnknownFields,
} from './decoded.ts';
import { findUnknownFields, NODE } from './fields.ts';
import { readMetadata, readRoot } from './metadata.ts';

export function decodeNode(raw: unknown, unknownFields: UnknownFields): Decoded<Node> {
  const problems = new Problems();
  const root = readRoot(raw, problems);
  const metadata = root && readMetadata(root, 'cluster', 'subdomain', problems);
  if (root && unknownFields === 'reject') findUnknownFields(root, NODE, [], problems);
  if (!root || !metadata) return { value: null, problems: problems.list };
  const spec = readObject(root.spec, ['spec'], problems) ?? {};
  const status = readObject(root.status, ['status'], problems) ?? {};
  const value: Node = {
    name: metadata.name,
    labels: metadata.labels,
    addresses: readAddresses(status, problems),
    podCidrs: readPodCidrs(spec, problems),
  };
  return {
    value: unknownFields === 'reject' && problems.list.length > 0 ? null : value,
    problems: problems.list,
  };
}

function readAddresses(status: RawObject, problems: Problems): readonly Address[] {
  const path = ['status', 'addresses'];
  const addresses = new Set<Address>();
  for (const [index, entry] of (readList(status.addresses, path, problems) ?? []).entries()) {
    if (!isObject(entry) || (entry.type !== 'InternalIP' && entry.type !== 'ExternalIP')) continue;
    const address = typeof entry.address === 'string' ? parseAddress(entry.address) : null;
    if (address === null)
      problems.invalid([...path, index, 'address'], entry.address, 'must be a valid IP address');
    else addresses.add(address);
  }
  return [...addresses];
}

function readPodCidrs(spec: RawObject, problems: Problems): readonly Cidr[] {
  const path = ['spec', 'podCIDRs'];
  const listed = readList(spec.podCIDRs, path, problems) ?? [];
  const texts = listed.length > 0 || isAbsent(spec.podCIDR) || spec.podCIDR === '' ? listed : [spec.podCIDR];
  return texts.flatMap((text, index) => {
    const cidr = typeof text === 'string' ? parseCidr(text)?.cidr : undefined;
    if (cidr) return [cidr];
    problems.invalid(
      [...path, index],
      text,
      'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    );
    return [];
  });
}
