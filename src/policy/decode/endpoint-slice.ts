/** discovery.k8s.io/v1 EndpointSlice, as those read it who forward. A broken part is left out and reported. */
import { z } from 'zod';
import { type Address, type Family, familyOf } from '../../model/address.ts';
import type { EndpointSlice, SliceEndpoint, SlicePort } from '../../model/endpoint-slice.ts';
import type { Path } from '../../model/labels.ts';
import { isObject, type RawObject } from '../../model/raw-object.ts';
import { parseAddress } from '../../net/address.ts';
import { type Decoded, decoded, newReport, type Report, type UnknownFields } from './decoded.ts';
import { type KindRules, readTop } from './metadata.ts';
import { readProtocol, SERVED_PROTOCOLS } from './port.ts';
import { invalid, required, unsupported } from './problem.ts';
import { integer, part, readList, readObject, readPart, readText, reportUnknown, text } from './read.ts';
import { checkDnsLabel, checkPortNumber, checkSubdomain } from './syntax.ts';

const RULES: KindRules = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  namespaced: true,
  checkName: checkSubdomain,
  fields: ['addressType', 'endpoints', 'ports'],
};

const SERVICE_LABEL = 'kubernetes.io/service-name';

const FAMILIES: ReadonlyMap<string, Family | null> = new Map([
  ['FQDN', null],
  ['IPv4', 4],
  ['IPv6', 6],
]);

const portSchema = z.object({ name: text, protocol: text, port: integer, appProtocol: part });

const ENDPOINT_FIELDS: readonly string[] = [
  'addresses',
  'conditions',
  'deprecatedTopology',
  'hints',
  'hostname',
  'nodeName',
  'targetRef',
  'zone',
];

/** Never throws; `value` is null when the slice cannot be named, and in a file with any problem. */
export function decodeEndpointSlice(raw: unknown, unknownFields: UnknownFields): Decoded<EndpointSlice> {
  const report = newReport(unknownFields);
  const read = readTop(raw, RULES, report);
  if (read === null) return decoded<EndpointSlice>(null, report);
  const { namespace, name, labels } = read.metadata;
  const family = readFamily(read.top.addressType, report);
  return decoded<EndpointSlice>(
    {
      namespace,
      name,
      service: labels.get(SERVICE_LABEL) || null,
      family,
      ports: readPorts(read.top.ports, report),
      endpoints: family === null ? [] : readEndpoints(read.top.endpoints, family, report),
    },
    report,
  );
}

function readFamily(raw: unknown, report: Report): Family | null {
  const path = ['addressType'];
  const given = readText(raw, path, report);
  const family = FAMILIES.get(given);
  if (family === undefined)
    report.problems.push(given === '' ? required(path) : unsupported(path, given, [...FAMILIES.keys()]));
  return family ?? null;
}

/** A port without a number stands for all of them, and nothing forwards to that. */
function readPorts(raw: unknown, report: Report): readonly SlicePort[] {
  return (readList(raw, ['ports'], report) ?? []).flatMap((entry, index) => {
    const path = ['ports', index];
    const before = report.problems.length;
    const fields = readObject(portSchema, entry, path, report);
    if (fields === null || fields.port === undefined || fields.port === null) return [];
    const { problems } = report;
    const name = fields.name || null;
    const { port } = fields;
    if (name !== null)
      for (const message of checkDnsLabel(name)) problems.push(invalid([...path, 'name'], name, message));
    for (const message of checkPortNumber(port)) problems.push(invalid([...path, 'port'], port, message));
    const protocol = readProtocol(fields.protocol || null, [...path, 'protocol'], SERVED_PROTOCOLS, report);
    return protocol !== null && problems.length === before ? [{ name, protocol, port }] : [];
  });
}

function readEndpoints(raw: unknown, family: Family, report: Report): readonly SliceEndpoint[] {
  return (readList(raw, ['endpoints'], report) ?? []).flatMap((entry, index) => {
    const path = ['endpoints', index];
    const fields = readPart(entry, path, report);
    if (report.unknownFields === 'reject') reportUnknown(ENDPOINT_FIELDS, fields, path, report);
    const address = readAddress(fields, family, path, report);
    if (address === null) return [];
    const node = readText(fields.nodeName, [...path, 'nodeName'], report) || null;
    return [
      { address, pod: podOf(fields.targetRef), node, ...readConditions(fields.conditions, path, report) },
    ];
  });
}

function readAddress(fields: RawObject, family: Family, path: Path, report: Report): Address | null {
  const at = [...path, 'addresses'];
  const [first] = readList(fields.addresses, at, report) ?? [];
  if (first === undefined) {
    report.problems.push(required(at));
    return null;
  }
  const given = readText(first, [...at, 0], report);
  const address = parseAddress(given);
  if (address !== null && familyOf(address) === family) return address;
  report.problems.push(invalid([...at, 0], given, `must be a valid IPv${family} address`));
  return null;
}

/** What nobody says is taken as kube-proxy takes it: an endpoint is ready. */
function readConditions(
  raw: unknown,
  path: Path,
  report: Report,
): Pick<SliceEndpoint, 'ready' | 'serving' | 'terminating'> {
  const { ready, serving, terminating } = readPart(raw, [...path, 'conditions'], report);
  return { ready: ready !== false, serving: serving !== false, terminating: terminating === true };
}

/** Another namespace's pod is never meant: slices name pods of their own. */
function podOf(raw: unknown): string | null {
  return isObject(raw) && raw.kind === 'Pod' && typeof raw.name === 'string' ? raw.name : null;
}
