/** SOURCE and DESTINATION as typed, to the ends of the world they name. An unknown name is an error that suggests near ones. */

import { didYouMean, nearNames } from '../manifest/near.ts';
import type { Address } from '../model/address.ts';
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';
import { parseAddress } from '../net/address.ts';
import { parseCidr } from '../net/cidr.ts';
import { ownerOf } from '../policy/owner.ts';
import { nodeNamed, podNamed, podsOfWorkloadNamed, serviceNamed } from './named.ts';
import { type End, endName } from './place.ts';
import type { EndsTarget, PortQuestion, Target } from './target.ts';
import { parsePort, splitPort } from './typed.ts';
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

/** Whoever opens the connection: never a Service, and without a port. */
export function resolveSource(text: string, context: EndContext): EndsTarget {
  if (/^[^[:]*:[^:]*$/.test(text)) {
    throw new Failure('USAGE', `SOURCE ${quoted(text)} has a port: only DESTINATION takes one`);
  }
  const target = resolveTarget(text.replace(/^\[(.*)\]$/, '$1'), context);
  if (target.kind === 'ends') return target;
  throw new Failure('USAGE', `SOURCE ${target.name} is a Service, and Services open no connections`, {
    hint: 'name a pod',
  });
}

/** `END[:PORT[/PROTOCOL]]`; without a port: null. */
export function resolveDestination(text: string, context: EndContext): Destination {
  const { end, port } = splitPort(text);
  return { target: resolveTarget(end, context), port: port === null ? null : parsePort(port) };
}

/** The address that an end consists of; none for names. */
export function addressNamed(text: string): readonly Address[] {
  const address = parseAddress(splitPort(text).end);
  return address === null ? [] : [address];
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

function resolveTarget(text: string, { world, namespace: own }: EndContext): Target {
  if (text === '') throw new Failure('USAGE', 'an end is empty', { hint: 'name a pod, as in shop/web' });
  if (text === 'internet') return single({ kind: 'internet' });
  const address = parseAddress(text);
  if (address !== null) return addressTarget(address, world);
  if (parseCidr(text) !== null) {
    throw new Failure('USAGE', `${quoted(text)} is a range of addresses, and the ends are single ones`, {
      hint: 'name one address of it, or internet',
    });
  }
  const [first = '', ...rest] = text.split('/');
  const kind = KINDS.get(first);
  const workload = WORKLOAD_KINDS.get(first);
  if (rest.length === 0) return single(podNamed(world, own, first));
  if (kind === undefined && workload === undefined) {
    if (rest.length === 1) return single(podNamed(world, first, rest[0] ?? ''));
    throw new Failure('USAGE', `${quoted(text)}: unknown kind ${quoted(first)}`, {
      hint:
        didYouMean(nearNames(first, [...KINDS.keys(), ...WORKLOAD_KINDS.keys()])) ??
        'see --help for the ends',
    });
  }
  if (rest.length > 2) throw new Failure('USAGE', `${quoted(text)}: too many slashes`);
  const [namespace = '', name = ''] = rest.length === 2 ? rest : [own, rest[0]];
  if (workload !== undefined) {
    const ends = podsOfWorkloadNamed(world, workload, namespace, name);
    return { kind: 'ends', name: `${workload}/${namespace}/${name}`, ends };
  }
  switch (kind) {
    case 'service':
      return serviceNamed(world, namespace, name);
    case 'node':
      return single(nodeNamed(world, rest.length === 1 ? name : rest.join('/')));
    default:
      return single(podNamed(world, namespace, name));
  }
}

function single(end: End): EndsTarget {
  return { kind: 'ends', name: endName(end), ends: [end] };
}

/** Whose address it is, if anybody's. */
function addressTarget(address: Address, world: World): Target {
  const pod = ownerOf(world.snapshot, address);
  if (pod !== null) return single({ kind: 'pod', pod });
  for (const { namespace, name, clusterAddresses } of world.services.values()) {
    if (clusterAddresses.includes(address)) return serviceNamed(world, namespace, name);
  }
  for (const node of world.snapshot.nodes.values()) {
    if (node.addresses.includes(address)) return single({ kind: 'node', node });
  }
  return single({ kind: 'address', address });
}
