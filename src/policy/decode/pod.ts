/** v1 Pod, trimmed to what policies are compiled from. A broken part is left out and reported. */
import type { Address } from '../../model/address.ts';
import type { ContainerPort, Phase, Pod } from '../../model/cluster.ts';
import type { Path } from '../../model/labels.ts';
import { isObject, type RawObject } from '../../model/raw-object.ts';
import { parseAddress } from '../../net/address.ts';
import { readContainerPorts } from './container-ports.ts';
import { type Decoded, decoded, newReport, type Report, type UnknownFields } from './decoded.ts';
import { CONTAINER_FIELDS, POD_SPEC_FIELDS } from './known-fields.ts';
import { type KindRules, readTop } from './metadata.ts';
import { duplicate, invalid, required, unsupported } from './problem.ts';
import { readFlag, readList, readPart, readText, reportUnknown } from './read.ts';
import { checkDnsLabel, checkSubdomain } from './syntax.ts';

const RULES: KindRules = { apiVersion: 'v1', kind: 'Pod', namespaced: true, checkName: checkSubdomain };

/** An annotation: the pod routes for others, as a gateway or a VPN does. */
const FORWARDS = 'policyd.dev/forwards';

const PHASES: readonly Phase[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];

/** v1 Pod, of any JSON; never throws. */
export function decodePod(raw: unknown, unknownFields: UnknownFields): Decoded<Pod> {
  const report = newReport(unknownFields);
  const read = readTop(raw, RULES, report);
  if (read === null) return decoded<Pod>(null, report);
  const spec = readPart(read.top.spec, ['spec'], report);
  const status = readPart(read.top.status, ['status'], report);
  if (unknownFields === 'reject') reportUnknown(POD_SPEC_FIELDS, spec, ['spec'], report);
  return decoded<Pod>(
    {
      ...read.metadata,
      node: readText(spec.nodeName, ['spec', 'nodeName'], report) || null,
      addresses: readAddresses(status, report),
      // What is no boolean counts as false: a pod of its own network is the more isolated one.
      hostNetwork: readFlag(spec.hostNetwork, ['spec', 'hostNetwork'], report),
      phase: readPhase(status.phase, report),
      created: readCreated(read.top.metadata),
      ...(readForwards(read.top.metadata) ? { forwards: true } : {}),
      ports: readPorts(spec, report),
    },
    report,
  );
}

/** An unknown phase holds its addresses: the pod stays isolated. */
function readPhase(raw: unknown, report: Report): Phase {
  const path = ['status', 'phase'];
  const given = readText(raw, path, report);
  if (given === '') return raw === undefined || raw === null || raw === '' ? 'Pending' : 'Unknown';
  const phase = PHASES.find((known) => known === given);
  if (phase === undefined) report.problems.push(unsupported(path, given, PHASES));
  return phase ?? 'Unknown';
}

/** Only tells which of two is newer: what is no time is as old as can be. */
function readCreated(metadata: unknown): number {
  const time = isObject(metadata) ? metadata.creationTimestamp : null;
  const milliseconds = typeof time === 'string' || time instanceof Date ? new Date(time).getTime() : 0;
  return Number.isNaN(milliseconds) ? 0 : Math.floor(milliseconds / 1000);
}

/** Anything but the very word is no. */
function readForwards(metadata: unknown): boolean {
  const annotations = isObject(metadata) ? metadata.annotations : null;
  return isObject(annotations) && annotations[FORWARDS] === 'true';
}

/** Every entry of podIPs counts (semantics I4); podIP alone is what old objects have. */
function readAddresses(status: RawObject, report: Report): readonly Address[] {
  const path = ['status', 'podIPs'];
  const addresses = new Set<Address>();
  const add = (value: unknown, at: Path): void => {
    const given = readText(value, at, report);
    const address = parseAddress(given);
    if (address !== null) addresses.add(address);
    else if (given !== '')
      report.problems.push(
        invalid(at, given, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'),
      );
  };
  for (const [index, entry] of (readList(status.podIPs, path, report) ?? []).entries())
    add(readPart(entry, [...path, index], report).ip, [...path, index, 'ip']);
  add(status.podIP, ['status', 'podIP']);
  return [...addresses];
}

/** Sidecars (init containers that restart always) count, plain init containers do not (semantics F7). */
function readPorts(spec: RawObject, report: Report): readonly ContainerPort[] {
  const names = new Set<string>();
  const containers = readContainers(spec.containers, ['spec', 'containers'], names, report);
  const initial = readContainers(spec.initContainers, ['spec', 'initContainers'], names, report);
  if (report.unknownFields === 'reject' && containers.length === 0)
    report.problems.push(required(['spec', 'containers']));
  const sidecars = initial.filter(({ sidecar }) => sidecar);
  return [...containers, ...sidecars].flatMap(({ ports }) => ports);
}

interface Container {
  readonly sidecar: boolean;
  readonly ports: readonly ContainerPort[];
}

function readContainers(raw: unknown, path: Path, names: Set<string>, report: Report): readonly Container[] {
  return (readList(raw, path, report) ?? []).map((entry, index) => {
    const at = [...path, index];
    const container = readPart(entry, at, report);
    if (report.unknownFields === 'reject') checkContainer(container, at, names, report);
    return {
      sidecar: container.restartPolicy === 'Always',
      ports: readContainerPorts(container.ports, [...at, 'ports'], report),
    };
  });
}

function checkContainer(container: RawObject, path: Path, names: Set<string>, report: Report): void {
  reportUnknown(CONTAINER_FIELDS, container, path, report);
  const { problems } = report;
  const namePath = [...path, 'name'];
  const before = problems.length;
  const name = readText(container.name, namePath, report);
  if (name === '') {
    if (problems.length === before) problems.push(required(namePath));
  } else {
    for (const message of checkDnsLabel(name)) problems.push(invalid(namePath, name, message));
    if (names.has(name)) problems.push(duplicate(namePath, name));
    names.add(name);
  }
  const imagePath = [...path, 'image'];
  const beforeImage = problems.length;
  if (readText(container.image, imagePath, report) === '' && problems.length === beforeImage)
    problems.push(required(imagePath));
}
