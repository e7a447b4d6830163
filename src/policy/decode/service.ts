/** v1 Service: addresses, selector and ports. What is broken is left out and reported. */
import { z } from 'zod';
import { type Address, type Family, familyOf } from '../../model/address.ts';
import type { Path } from '../../model/labels.ts';
import type { RawObject } from '../../model/raw-object.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { parseAddress } from '../../net/address.ts';
import { type Decoded, decoded, newReport, type Report, type UnknownFields } from './decoded.ts';
import { SERVICE_SPEC_FIELDS } from './known-fields.ts';
import { checkLabels } from './labels.ts';
import { type KindRules, readTop } from './metadata.ts';
import { readProtocol, SERVED_PROTOCOLS } from './port.ts';
import { duplicate, invalid, required, unsupported } from './problem.ts';
import {
  integer,
  integerOrText,
  part,
  readFlag,
  readList,
  readObject,
  readPart,
  readStrings,
  readText,
  reportUnknown,
  text,
} from './read.ts';
import { checkDns1035, checkDnsLabel, checkPortName, checkPortNumber } from './syntax.ts';

const RULES: KindRules = { apiVersion: 'v1', kind: 'Service', namespaced: true, checkName: checkDns1035 };

const portSchema = z.object({
  name: text,
  protocol: text,
  port: integer,
  targetPort: integerOrText,
  nodePort: integer,
  appProtocol: part,
});

/** v1 Service, of any JSON. Never throws. */
export function decodeService(raw: unknown, unknownFields: UnknownFields): Decoded<Service> {
  const report = newReport(unknownFields);
  const read = readTop(raw, RULES, report);
  if (read === null) return decoded<Service>(null, report);
  const { namespace, name } = read.metadata;
  const spec = readPart(read.top.spec, ['spec'], report);
  if (unknownFields === 'reject') reportUnknown(SERVICE_SPEC_FIELDS, spec, ['spec'], report);
  const selector = readStrings(spec.selector, ['spec', 'selector'], report);
  checkLabels(selector, ['spec', 'selector'], report);
  const clusterAddresses = readClusterAddresses(spec, report);
  return decoded<Service>(
    {
      namespace,
      name,
      selector: selector.size > 0 ? selector : null,
      externalName:
        spec.type === 'ExternalName' ? readText(spec.externalName, ['spec', 'externalName'], report) : null,
      clusterAddresses,
      families: readFamilies(spec, clusterAddresses, report),
      ports: readPorts(spec, report),
      internalLocal: spec.internalTrafficPolicy === 'Local',
      externalLocal: spec.externalTrafficPolicy === 'Local',
      publishNotReady: readFlag(spec.publishNotReadyAddresses, ['spec', 'publishNotReadyAddresses'], report),
    },
    report,
  );
}

const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ['IPv4', 4],
  ['IPv6', 6],
]);

/** The addresses know best; a headless Service has none to ask. */
function readFamilies(spec: RawObject, addresses: readonly Address[], report: Report): readonly Family[] {
  const path = ['spec', 'ipFamilies'];
  const families = new Set(addresses.map(familyOf));
  for (const [index, entry] of (readList(spec.ipFamilies, path, report) ?? []).entries()) {
    const family = FAMILIES.get(readText(entry, [...path, index], report));
    if (family === undefined)
      report.problems.push(unsupported([...path, index], entry, [...FAMILIES.keys()]));
    else if (addresses.length === 0) families.add(family);
  }
  return [...families];
}

/** `None` is a headless Service; clusterIP alone is what files have. */
function readClusterAddresses(spec: RawObject, report: Report): readonly Address[] {
  const path = ['spec', 'clusterIPs'];
  const addresses = new Set<Address>();
  const add = (value: unknown, at: Path): void => {
    const given = readText(value, at, report);
    if (given === '' || given === 'None') return;
    const address = parseAddress(given);
    if (address !== null) addresses.add(address);
    else report.problems.push(invalid(at, given, "must be empty, 'None', or a valid IP address"));
  };
  for (const [index, entry] of (readList(spec.clusterIPs, path, report) ?? []).entries())
    add(entry, [...path, index]);
  add(spec.clusterIP, ['spec', 'clusterIP']);
  return [...addresses];
}

function readPorts(spec: RawObject, report: Report): readonly ServicePort[] {
  const path = ['spec', 'ports'];
  const list = readList(spec.ports, path, report) ?? [];
  const needsPorts = spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
  if (report.unknownFields === 'reject' && list.length === 0 && needsPorts)
    report.problems.push(required(path));
  const names = new Set<string>();
  return list.flatMap((entry, index) => {
    const before = report.problems.length;
    const port = readPort(entry, [...path, index], list.length > 1, names, report);
    return port !== null && report.problems.length === before ? [port] : [];
  });
}

function readPort(
  raw: unknown,
  path: Path,
  oneOfMany: boolean,
  names: Set<string>,
  report: Report,
): ServicePort | null {
  const fields = readObject(portSchema, raw, path, report);
  if (fields === null) return null;
  const { problems } = report;
  const name = fields.name || null;
  if (name !== null) {
    for (const message of checkDnsLabel(name)) problems.push(invalid([...path, 'name'], name, message));
    if (names.has(name)) problems.push(duplicate([...path, 'name'], name));
    names.add(name);
  } else if (oneOfMany && report.unknownFields === 'reject') problems.push(required([...path, 'name']));
  const port = fields.port ?? 0;
  for (const message of checkPortNumber(port)) problems.push(invalid([...path, 'port'], port, message));
  const protocol = readProtocol(fields.protocol || null, [...path, 'protocol'], SERVED_PROTOCOLS, report);
  // Absent, 0 and '' are the port itself, as the API server fills it in.
  const targetPort = fields.targetPort || port;
  const messages = typeof targetPort === 'number' ? checkPortNumber(targetPort) : checkPortName(targetPort);
  if (fields.targetPort)
    for (const message of messages) problems.push(invalid([...path, 'targetPort'], targetPort, message));
  return protocol && { name, protocol, port, targetPort, nodePort: fields.nodePort || null };
}
