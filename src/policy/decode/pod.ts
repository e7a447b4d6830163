/** Pod as stored -> what policies are compiled from. A broken field is left out and reported. */
import type { Address } from '../../model/address.ts';
import type { ContainerPort, Phase, Pod } from '../../model/cluster.ts';
import type { Path } from '../../model/labels.ts';
import { parseAddress } from '../../net/address.ts';
import {
  type Decoded,
  isAbsent,
  isObject,
  Problems,
  type RawObject,
  readList,
  readObject,
  readString,
  type UnknownFields,
} from './decoded.ts';
import { findUnknownFields, POD } from './fields.ts';
import { readMetadata, readRoot } from './metadata.ts';
import { isPortNumber, portNameFault } from './names.ts';
import { PORT_MESSAGE, readProtocol } from './policy-port.ts';

const PHASES: readonly Phase[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];

export function decodePod(raw: unknown, unknownFields: UnknownFields): Decoded<Pod> {
  const problems = new Problems();
  const root = readRoot(raw, problems);
  const metadata = root && readMetadata(root, 'namespaced', 'subdomain', problems);
  if (root && unknownFields === 'reject') findUnknownFields(root, POD, [], problems);
  if (!root || !metadata) return { value: null, problems: problems.list };
  const spec = readObject(root.spec, ['spec'], problems) ?? {};
  const status = readObject(root.status, ['status'], problems) ?? {};
  if (unknownFields === 'reject' && isAbsent(spec.containers))
    problems.add('Required value', ['spec', 'containers'], undefined, '');
  const value: Pod = {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    labels: metadata.labels,
    node: readString(spec.nodeName, ['spec', 'nodeName'], problems) || null,
    addresses: readAddresses(status, problems),
    hostNetwork: readBoolean(spec.hostNetwork, ['spec', 'hostNetwork'], problems),
    phase: PHASES.find((phase) => phase === status.phase) ?? (isAbsent(status.phase) ? 'Pending' : 'Unknown'),
    deleting: metadata.deleting,
    ports: readPorts(spec, problems),
  };
  return {
    value: unknownFields === 'reject' && problems.list.length > 0 ? null : value,
    problems: problems.list,
  };
}

/** Every entry of podIPs counts (semantics I4); podIP alone is what old objects have. */
function readAddresses(status: RawObject, problems: Problems): readonly Address[] {
  const path = ['status', 'podIPs'];
  const listed = (readList(status.podIPs, path, problems) ?? []).map((entry) =>
    isObject(entry) ? entry.ip : entry,
  );
  const texts = listed.length > 0 || isAbsent(status.podIP) || status.podIP === '' ? listed : [status.podIP];
  const addresses = new Set<Address>();
  for (const [index, text] of texts.entries()) {
    const address = typeof text === 'string' ? parseAddress(text) : null;
    if (address === null) problems.invalid([...path, index, 'ip'], text, 'must be a valid IP address');
    else addresses.add(address);
  }
  return [...addresses];
}

/** Sidecars (init containers that restart always) count, plain init containers do not (semantics F7). */
function readPorts(spec: RawObject, problems: Problems): readonly ContainerPort[] {
  const containers = readContainers(spec.containers, ['spec', 'containers'], problems);
  const sidecars = readContainers(spec.initContainers, ['spec', 'initContainers'], problems).filter(
    ({ container }) => container.restartPolicy === 'Always',
  );
  return [...containers, ...sidecars].flatMap(({ container, path }) => {
    const portsPath = [...path, 'ports'];
    return (readList(container.ports, portsPath, problems) ?? []).flatMap(
      (port, index) => readContainerPort(port, [...portsPath, index], problems) ?? [],
    );
  });
}

function readContainers(
  value: unknown,
  path: Path,
  problems: Problems,
): readonly { readonly container: RawObject; readonly path: Path }[] {
  return (readList(value, path, problems) ?? []).flatMap((container, index) => {
    if (isObject(container)) return [{ container, path: [...path, index] }];
    problems.invalid([...path, index], container, 'must be an object');
    return [];
  });
}

function readContainerPort(value: unknown, path: Path, problems: Problems): ContainerPort | null {
  const own = new Problems();
  const port = isObject(value) ? value : {};
  if (!isObject(value)) own.invalid(path, value, 'must be an object');
  const number = port.containerPort;
  if (typeof number !== 'number' || !isPortNumber(number))
    own.invalid([...path, 'containerPort'], number, PORT_MESSAGE);
  const name = readString(port.name, [...path, 'name'], own) || null;
  const fault = name === null ? null : portNameFault(name);
  if (fault !== null) own.invalid([...path, 'name'], name, fault);
  const protocol = readProtocol(port.protocol, [...path, 'protocol'], own);
  problems.list.push(...own.list);
  return own.list.length > 0 || typeof number !== 'number' ? null : { name, protocol, port: number };
}

/** What is not a boolean is treated as false: a pod that is no host-network pod is the more isolated one. */
function readBoolean(value: unknown, path: Path, problems: Problems): boolean {
  if (!isAbsent(value) && typeof value !== 'boolean') problems.invalid(path, value, 'must be true or false');
  return value === true;
}
