/** SOURCE and DESTINATION as typed, to the ends of the world they name. An unknown name is an error that suggests near ones. */

import { didYouMean, nearNames } from '../manifest/near.ts';
import type { Address } from '../model/address.ts';
import { holdsAddresses, type Pod, podKey } from '../model/cluster.ts';
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';
import type { Service } from '../model/service.ts';
import { parseAddress } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';
import { ownerOf } from '../policy/owner.ts';
import { type End, endName } from './place.ts';
import type { PortQuestion, Target } from './target.ts';
import { WORKLOADS } from './workload.ts';
import type { World } from './world.ts';

export interface EndContext {
  readonly world: World;
  /** For names without a namespace. */
  readonly namespace: string;
}

export interface Destination {
  readonly target: Target;
  readonly port: PortQuestion | null;
}

export function resolveSource(text: string, context: EndContext): Target {
  if (/^[^[:]*:[^:]*$/.test(text)) {
    throw new Failure('USAGE', `SOURCE ${quoted(text)} has a port: only DESTINATION takes one`);
  }
  return resolveTarget(text.replace(/^\[(.*)\]$/, '$1'), context);
}

export function resolveDestination(text: string, context: EndContext): Destination {
  const { end, port } = splitPort(text);
  return { target: resolveTarget(end, context), port: port === null ? null : parsePort(port) };
}

/** The address that an end consists of; none for names. */
export function addressNamed(text: string): readonly Address[] {
  const address = parseAddress(splitPort(text).end);
  return address === null ? [] : [address];
}

function splitPort(text: string): { readonly end: string; readonly port: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed) return { end: bracketed[1] ?? '', port: bracketed[2] ?? null };
  if (parseAddress(text) !== null) return { end: text, port: null };
  const colon = text.indexOf(':');
  if (colon === -1) return { end: text, port: null };
  if (parseAddress(text.slice(0, text.lastIndexOf(':'))) !== null && text.indexOf(':', colon + 1) !== -1) {
    const hint = 'write it as [ADDRESS]:PORT';
    throw new Failure('USAGE', `${quoted(text)}: an IPv6 address with a port needs brackets`, { hint });
  }
  return { end: text.slice(0, colon), port: text.slice(colon + 1) };
}

const PROTOCOL_WORDS: ReadonlyMap<string, 'TCP' | 'UDP' | 'SCTP'> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);

function parsePort(text: string): PortQuestion {
  const [port = '', word, ...more] = text.split('/');
  const protocol = word === undefined ? null : PROTOCOL_WORDS.get(word.toLowerCase());
  if (protocol === undefined || more.length > 0) {
    throw new Failure(
      'USAGE',
      `port ${quoted(text)}: got protocol ${quoted(word ?? '')}, want TCP, UDP or SCTP`,
    );
  }
  if (/^\d+$/.test(port)) {
    const number = Number(port);
    if (number >= 1 && number <= 65535) return { port: number, protocol };
    throw new Failure('USAGE', `port ${quoted(port)}: must be between 1 and 65535`);
  }
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(port) && port.length <= 63) return { port, protocol };
  throw new Failure('USAGE', `port ${quoted(port)}: want a number or the name of a port`, {
    hint: 'write DESTINATION:PORT/PROTOCOL, as in shop/api:8080/TCP',
  });
}

const KINDS: ReadonlyMap<string, 'pod' | 'service' | 'node'> = new Map([
  ['pod', 'pod'],
  ['pods', 'pod'],
  ['po', 'pod'],
  ['svc', 'service'],
  ['service', 'service'],
  ['services', 'service'],
  ['node', 'node'],
  ['nodes', 'node'],
  ['no', 'node'],
]);

const WORKLOAD_KINDS: ReadonlyMap<string, string> = new Map(
  [...WORKLOADS].flatMap(([kind, short]) => [
    [short, short],
    [kind.toLowerCase(), short],
    [`${kind.toLowerCase()}s`, short],
  ]),
);

function resolveTarget(text: string, context: EndContext): Target {
  if (text === '') throw new Failure('USAGE', 'an end is empty', { hint: 'name a pod, as in shop/web' });
  if (text === 'internet') return single({ kind: 'internet' });
  const address = parseAddress(text);
  if (address !== null) return addressTarget(address, context);
  const parts = text.split('/');
  if (parseCidr(text) !== null) {
    throw new Failure('USAGE', `${quoted(text)} is a range of addresses, and the ends are single ones`, {
      hint: 'name one address of it, or internet',
    });
  }
  const [first = '', ...rest] = parts;
  const kind = KINDS.get(first);
  const workload = WORKLOAD_KINDS.get(first);
  if (rest.length === 0) return podTarget(context.namespace, first, context);
  if (kind === undefined && workload === undefined) {
    if (rest.length === 1) return podTarget(first, rest[0] ?? '', context);
    throw new Failure('USAGE', `${quoted(text)}: unknown kind ${quoted(first)}`, {
      hint:
        didYouMean(nearNames(first, [...KINDS.keys(), ...WORKLOAD_KINDS.keys()])) ??
        'see --help for the ends',
    });
  }
  if (rest.length > 2) throw new Failure('USAGE', `${quoted(text)}: too many slashes`);
  const [namespace, name] = rest.length === 2 ? rest : [context.namespace, rest[0]];
  if (workload !== undefined) return workloadTarget(workload, namespace ?? '', name ?? '', context);
  switch (kind) {
    case 'service':
      return serviceTarget(namespace ?? '', name ?? '', context);
    case 'node':
      return nodeTarget(rest.length === 1 ? (name ?? '') : rest.join('/'), context);
    default:
      return podTarget(namespace ?? '', name ?? '', context);
  }
}

function single(end: End): Target {
  return { name: endName(end), ends: [end], service: null };
}

/** Whose address it is, if anybody's. */
function addressTarget(address: Address, { world }: EndContext): Target {
  const pod = ownerOf(world.snapshot, address);
  if (pod !== null) return single({ kind: 'pod', pod });
  for (const service of world.services.values()) {
    if (service.clusterAddresses.includes(address)) return backends(service, world);
  }
  for (const node of world.snapshot.nodes.values()) {
    if (node.addresses.includes(address)) return single({ kind: 'node', node });
  }
  return single({ kind: 'address', address });
}

function podTarget(namespace: string, name: string, context: EndContext): Target {
  const { world } = context;
  checkNamespace(namespace, world);
  const pod = world.snapshot.pods.get(podKey(namespace, name));
  if (pod === undefined) throw unknownPod(namespace, name, world);
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') {
    throw new Failure('NAME_UNKNOWN', `pod ${namespace}/${name} has ended (${pod.phase})`, {
      hint: 'it has released its address: no policy and no connection concerns it any more',
    });
  }
  return single({ kind: 'pod', pod });
}

function unknownPod(namespace: string, name: string, world: World): Failure {
  const pods = [...world.snapshot.pods.values()];
  const elsewhere = pods.filter((pod) => pod.name === name).map((pod) => `${pod.namespace}/${name}`);
  const here = pods.filter((pod) => pod.namespace === namespace).map((pod) => pod.name);
  const others: string[] = [];
  if (world.services.has(`${namespace}/${name}`)) others.push(`svc/${namespace}/${name}`);
  for (const short of new Set(WORKLOADS.values())) {
    if (here.includes(`${short}/${name}`)) others.push(`${short}/${namespace}/${name}`);
  }
  const replicas = here.filter((pod) => pod.startsWith(`${name}-`)).slice(0, 3);
  const near = [...others, ...elsewhere, ...replicas, ...nearNames(name, here)].slice(0, 4);
  return new Failure('NAME_UNKNOWN', `no pod ${quoted(name)} in namespace ${quoted(namespace)}`, {
    hint:
      didYouMean(near) ??
      (here.length === 0
        ? 'the namespace has no pods: name another with -n, or write NAMESPACE/POD'
        : `it has ${listed(here)}`),
  });
}

function listed(names: readonly string[]): string {
  const sorted = [...names].sort();
  const shown = sorted.slice(0, 5).join(', ');
  return sorted.length > 5 ? `${shown} and ${sorted.length - 5} more` : shown;
}

function checkNamespace(namespace: string, world: World): void {
  const { namespaces } = world.snapshot;
  if (namespaces.has(namespace)) return;
  for (const service of world.services.values()) if (service.namespace === namespace) return;
  throw new Failure('NAME_UNKNOWN', `no namespace ${quoted(namespace)}`, {
    hint:
      didYouMean(nearNames(namespace, namespaces.keys())) ??
      (namespaces.size === 0
        ? 'name one with -n, or as NAMESPACE/NAME'
        : `there are ${listed([...namespaces.keys()])}`),
  });
}

function serviceTarget(namespace: string, name: string, { world }: EndContext): Target {
  checkNamespace(namespace, world);
  const service = world.services.get(`${namespace}/${name}`);
  if (service !== undefined) return backends(service, world);
  const here = [...world.services.values()].filter((each) => each.namespace === namespace);
  throw new Failure('NAME_UNKNOWN', `no Service ${quoted(name)} in namespace ${quoted(namespace)}`, {
    hint:
      didYouMean(
        nearNames(
          name,
          here.map((each) => each.name),
        ),
      ) ??
      (here.length === 0
        ? 'the namespace has no Services'
        : `it has ${listed(here.map((each) => each.name))}`),
  });
}

/** The live pods its selector chooses. */
function backends(service: Service, world: World): Target {
  const name = `svc/${service.namespace}/${service.name}`;
  const { selector, externalName } = service;
  if (externalName !== null) {
    throw new Failure(
      'NAME_UNKNOWN',
      `${name} is an ExternalName: the DNS name ${quoted(externalName)}, without endpoints of its own`,
      { hint: 'policies judge the addresses it resolves to: name one of them instead' },
    );
  }
  if (selector === null) {
    throw new Failure('NAME_UNKNOWN', `${name} has no selector: its endpoints are managed by hand`, {
      hint: 'name the address of an endpoint instead',
    });
  }
  const ends = sortedPods(world).flatMap((pod): readonly End[] => {
    const live = pod.hostNetwork || holdsAddresses(pod);
    const chosen =
      pod.namespace === service.namespace &&
      [...selector].every(([key, value]) => pod.labels.get(key) === value);
    return live && chosen ? [{ kind: 'pod', pod }] : [];
  });
  return { name, ends, service };
}

function nodeTarget(name: string, { world }: EndContext): Target {
  const node = world.snapshot.nodes.get(name);
  if (node !== undefined) return single({ kind: 'node', node });
  const names = [...world.snapshot.nodes.keys()];
  throw new Failure('NAME_UNKNOWN', `no node ${quoted(name)}`, {
    hint:
      didYouMean(nearNames(name, names)) ??
      (names.length === 0 ? 'no nodes are known' : `there are ${listed(names)}`),
  });
}

/** In files the workload's template; in a cluster the pods named after it, one per label set. */
function workloadTarget(short: string, namespace: string, name: string, { world }: EndContext): Target {
  checkNamespace(namespace, world);
  const target = `${short}/${namespace}/${name}`;
  const template = world.snapshot.pods.get(podKey(namespace, `${short}/${name}`));
  if (template !== undefined) return { name: target, ends: [{ kind: 'pod', pod: template }], service: null };
  const suffix = short === 'deploy' ? /^-[a-z0-9]{1,10}-[a-z0-9]{5}$/ : /^-(?:[a-z0-9]{5}|\d+)$/;
  const bySets = new Map<string, Pod>();
  for (const pod of sortedPods(world)) {
    if (pod.namespace !== namespace || !holdsAddresses(pod)) continue;
    if (!pod.name.startsWith(name) || !suffix.test(pod.name.slice(name.length))) continue;
    const key = JSON.stringify([...pod.labels].sort());
    if (!bySets.has(key)) bySets.set(key, pod);
  }
  if (bySets.size === 0) {
    throw new Failure('NAME_UNKNOWN', `no pods of ${target}`, { hint: 'name one of its pods instead' });
  }
  return { name: target, ends: [...bySets.values()].map((pod) => ({ kind: 'pod', pod })), service: null };
}

function sortedPods(world: World): readonly Pod[] {
  return [...world.snapshot.pods].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pod]) => pod);
}
