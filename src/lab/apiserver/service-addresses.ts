import type { Address, Family } from '../../model/address.ts';
import { familyOf } from '../../model/address.ts';
import type { FieldProblem } from '../../model/policy.ts';
import { addressFrom, parseAddress } from '../../net/address.ts';
import { cidrRange, parseCidr } from '../../net/cidr.ts';
import type { AddressRange } from '../../net/range.ts';
import { invalid } from '../../policy/decode/problem.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  textAt,
} from './json.ts';

const firstNodePort = 30_000;
const lastNodePort = 32_767;
/** The first addresses are left to explicit requests, so that they rarely collide with automatic ones. */
const reservedAddresses = 10n;

export interface Allocation {
  readonly spec: JsonObject;
  readonly problems: readonly FieldProblem[];
}

/** ClusterIPs and nodePorts of one Service; the lowest free ones, so that equal labs get equal addresses. */
export function allocateService(
  spec: JsonObject,
  old: JsonObject | null,
  others: readonly KubeObject[],
  ranges: readonly string[],
): Allocation {
  const kept = old === null ? spec : keepAllocated(spec, old);
  const addressed = allocateAddresses(kept, others, ranges);
  const ported = allocatePorts(addressed.spec, others);
  return { spec: ported.spec, problems: [...addressed.problems, ...ported.problems] };
}

/** An update that does not mention what was allocated keeps it. */
function keepAllocated(spec: JsonObject, old: JsonObject): JsonObject {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return spec;
  const address =
    spec.clusterIP === undefined ? { clusterIP: old.clusterIP, clusterIPs: old.clusterIPs } : {};
  const ports = listAt(old, 'ports');
  return {
    ...spec,
    ...address,
    ...(spec.ipFamilies === undefined
      ? { ipFamilies: old.ipFamilies, ipFamilyPolicy: spec.ipFamilyPolicy ?? old.ipFamilyPolicy }
      : {}),
    ports: listAt(spec, 'ports').map((port) => {
      if (!isObject(port) || port.nodePort !== undefined || !hasNodePorts(spec)) return port;
      const before = ports.find(
        (item) => isObject(item) && item.port === port.port && item.protocol === port.protocol,
      );
      const nodePort = numberAt(before, 'nodePort');
      return nodePort === null ? port : { ...port, nodePort };
    }),
  };
}

function allocateAddresses(
  spec: JsonObject,
  others: readonly KubeObject[],
  ranges: readonly string[],
): Allocation {
  if (spec.type === 'ExternalName') {
    const {
      clusterIP: _ip,
      clusterIPs: _ips,
      ipFamilies: _families,
      ipFamilyPolicy: _policy,
      ...rest
    } = spec;
    return { spec: rest, problems: [] };
  }
  const available = ranges.map(rangeOf).filter((range) => range !== null);
  const families = familiesWanted(spec, available);
  const problems: FieldProblem[] = [];
  for (const [index, family] of families.entries()) {
    if (available.some((range) => range.family === family)) continue;
    problems.push(invalid(['spec', 'ipFamilies', index], nameOf(family), 'not configured on this cluster'));
  }
  const policy = textAt(spec, 'ipFamilyPolicy') || (families.length > 1 ? 'RequireDualStack' : 'SingleStack');
  if (policy === 'RequireDualStack' && available.length < 2) {
    problems.push(
      invalid(['spec', 'ipFamilyPolicy'], policy, 'this cluster is not configured for dual-stack services'),
    );
  }
  const shared = { ipFamilies: families.map(nameOf), ipFamilyPolicy: policy };
  if (spec.clusterIP === 'None') {
    return { spec: { ...spec, ...shared, clusterIP: 'None', clusterIPs: ['None'] }, problems };
  }
  if (problems.length > 0) return { spec, problems };
  const used = new Set(others.flatMap((other) => listAt(other, 'spec', 'clusterIPs')));
  const asked = requested(spec);
  const addresses = families.map((family) => {
    const range = available.find((item) => item.family === family);
    const wanted = asked.find((address) => familyOf(address) === family);
    if (range === undefined) return '';
    if (wanted === undefined) return lowestFree(range, used);
    const why = refusal(wanted, range, used, ranges);
    if (why !== null)
      problems.push(invalid(['spec', 'clusterIPs'], asked, `failed to allocate IP ${wanted}: ${why}`));
    return wanted;
  });
  if (addresses.includes('')) {
    problems.push(invalid(['spec', 'clusterIPs'], asked, 'failed to allocate a serviceIP: range is full'));
  }
  return { spec: { ...spec, ...shared, clusterIP: addresses[0] ?? '', clusterIPs: addresses }, problems };
}

function rangeOf(text: string): AddressRange | null {
  const parsed = parseCidr(text);
  return parsed === null ? null : cidrRange(parsed.cidr);
}

function requested(spec: JsonObject): readonly Address[] {
  const listed = listAt(spec, 'clusterIPs');
  const all = listed.length > 0 ? listed : [spec.clusterIP ?? ''];
  return all
    .map((text) => (typeof text === 'string' ? parseAddress(text) : null))
    .filter((address) => address !== null);
}

function familiesWanted(spec: JsonObject, available: readonly AddressRange[]): readonly Family[] {
  const listed = listAt(spec, 'ipFamilies').map((name): Family => (name === 'IPv6' ? 6 : 4));
  const asked = requested(spec).map(familyOf);
  const primary = available[0]?.family ?? 4;
  const families = listed.length > 0 ? listed : asked.length > 0 ? asked : [primary];
  const policy = textAt(spec, 'ipFamilyPolicy');
  if (policy === 'SingleStack') return families.slice(0, 1);
  if (policy !== 'PreferDualStack' && policy !== 'RequireDualStack') return families;
  const more = available.map(({ family }) => family).filter((family) => !families.includes(family));
  return [...families, ...more].slice(0, 2);
}

function nameOf(family: Family): string {
  return family === 6 ? 'IPv6' : 'IPv4';
}

function lowestFree(range: AddressRange, used: ReadonlySet<Json>): string {
  const start =
    range.last - range.first > 4n * reservedAddresses ? range.first + reservedAddresses : range.first + 1n;
  for (let value = start; value < range.last; value += 1n) {
    const address = addressFrom(range.family, value);
    if (!used.has(address)) return address;
  }
  return '';
}

function refusal(
  wanted: Address,
  range: AddressRange,
  used: ReadonlySet<Json>,
  ranges: readonly string[],
): string | null {
  if (used.has(wanted)) return 'provided IP is already allocated';
  const inside = ranges.some((text) => {
    const parsed = parseCidr(text);
    return parsed !== null && rangeHolds(cidrRange(parsed.cidr), wanted);
  });
  if (inside) return null;
  const bounds = `${addressFrom(range.family, range.first)}-${addressFrom(range.family, range.last)}`;
  return `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${bounds}`;
}

function rangeHolds(range: AddressRange, address: Address): boolean {
  const parsed = parseCidr(`${address}/${familyOf(address) === 4 ? 32 : 128}`);
  if (parsed === null) return false;
  const { family, first } = cidrRange(parsed.cidr);
  return family === range.family && range.first < first && first <= range.last;
}

function hasNodePorts(spec: JsonObject): boolean {
  return (
    spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  );
}

function allocatePorts(spec: JsonObject, others: readonly KubeObject[]): Allocation {
  if (spec.ports === undefined) return { spec, problems: [] };
  const ports = listAt(spec, 'ports').filter(isObject);
  if (!hasNodePorts(spec)) {
    return { spec: { ...spec, ports: ports.map(({ nodePort: _port, ...rest }) => rest) }, problems: [] };
  }
  const used = new Set(others.flatMap((other) => listAt(other, 'spec', 'ports').map(portKey)));
  const problems: FieldProblem[] = [];
  const given = ports.map((port, index) => {
    const wanted = numberAt(port, 'nodePort') ?? 0;
    if (wanted === 0) return port;
    const path = ['spec', 'ports', index, 'nodePort'];
    if (wanted < firstNodePort || wanted > lastNodePort) {
      const rule = `provided port is not in the valid range. The range of valid ports is ${firstNodePort}-${lastNodePort}`;
      problems.push(invalid(path, wanted, rule));
    } else if (used.has(portKey(port)))
      problems.push(invalid(path, wanted, 'provided port is already allocated'));
    used.add(portKey(port));
    return port;
  });
  const filled = given.map((port) => {
    if ((numberAt(port, 'nodePort') ?? 0) !== 0) return port;
    let nodePort = firstNodePort;
    while (nodePort < lastNodePort && used.has(portKey({ ...port, nodePort }))) nodePort += 1;
    used.add(portKey({ ...port, nodePort }));
    return { ...port, nodePort };
  });
  return { spec: { ...spec, ports: filled }, problems };
}

function portKey(port: Json): string {
  const { protocol = 'TCP', nodePort = 0 } = objectAt({ port }, 'port');
  return `${String(protocol)}/${String(nodePort)}`;
}
