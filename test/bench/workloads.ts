/**
 * A cluster as companies have them: many namespaces of few teams, workloads of one to sixty replicas, spread
 * over nodes of 110 pods each. node-0 is the one whose agent is measured.
 */
import { Random } from './random.ts';

export interface Scale {
  readonly pods: number;
  readonly policies: number;
}

/** On each node, node-0 included: what the kubelet allows by default. */
export const PODS_PER_NODE = 110;
const PODS_PER_NAMESPACE = 50;
const TIERS = ['frontend', 'api', 'worker', 'cache', 'database'] as const;
export const LOCAL_NODE = 'node-0';

export interface Team {
  readonly namespace: string;
  readonly team: string;
  readonly environment: 'prod' | 'staging' | 'dev';
}

export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly tier: string;
  readonly ports: readonly { readonly name: string; readonly number: number; readonly protocol: string }[];
}

export interface PodPlace {
  readonly workload: Workload;
  readonly index: number;
  readonly node: string;
  readonly addresses: readonly string[];
}

export interface Cluster {
  readonly scale: Scale;
  readonly nodes: number;
  readonly teams: readonly Team[];
  readonly workloads: readonly Workload[];
  readonly pods: readonly PodPlace[];
}

export function nodeName(index: number): string {
  return `node-${index}`;
}

/** A /24 and a /64 for each node. */
export function podRanges(node: number): readonly string[] {
  return [`10.${node >> 8}.${node & 255}.0/24`, `fd00:10:${node.toString(16)}::/64`];
}

export function addressesAt(node: number, slot: number): readonly string[] {
  return [
    `10.${node >> 8}.${node & 255}.${slot + 2}`,
    `fd00:10:${node.toString(16)}::${(slot + 2).toString(16)}`,
  ];
}

export function buildCluster(scale: Scale): Cluster {
  const random = new Random(20);
  const nodes = Math.ceil(scale.pods / PODS_PER_NODE);
  const teams = buildTeams(Math.max(4, Math.round(scale.pods / PODS_PER_NAMESPACE)));
  const workloads: Workload[] = [];
  const replicas: Workload[] = [];
  while (replicas.length < scale.pods) {
    const { namespace } = random.pick(teams);
    const workload = buildWorkload(namespace, workloads.length, random);
    workloads.push(workload);
    // Most workloads are small, a few are large.
    const count = Math.min(scale.pods - replicas.length, 1 + Math.floor(60 * random.next() ** 4));
    for (let replica = 0; replica < count; replica += 1) replicas.push(workload);
  }
  const places = shuffled(
    Array.from({ length: scale.pods }, (_, index) => index),
    random,
  );
  const pods = replicas.map((workload, index) => {
    const place = places[index] ?? 0;
    const node = Math.floor(place / PODS_PER_NODE);
    return { workload, index, node: nodeName(node), addresses: addressesAt(node, place % PODS_PER_NODE) };
  });
  return { scale, nodes, teams, workloads, pods };
}

function buildTeams(namespaces: number): readonly Team[] {
  const system = ['kube-system', 'monitoring', 'ingress-nginx'].map(
    (namespace): Team => ({ namespace, team: 'platform', environment: 'prod' }),
  );
  const own = Array.from({ length: namespaces - system.length }, (_, index): Team => {
    const team = `team-${Math.floor(index / 4)}`;
    const environment = (['prod', 'staging', 'dev', 'prod'] as const)[index % 4] ?? 'prod';
    return { namespace: `${team}-${environment}-${index % 4}`, team, environment };
  });
  return [...system, ...own];
}

function buildWorkload(namespace: string, index: number, random: Random): Workload {
  if (namespace === 'kube-system') {
    return {
      namespace,
      name: `coredns-${index}`,
      tier: 'dns',
      ports: [port('dns', 53, 'UDP'), port('dns-tcp', 53)],
    };
  }
  const tier = random.pick(TIERS);
  const ports =
    tier === 'database' ? [port('postgres', 5432)] : [port('http', random.pick([80, 8080, 8000, 3000]))];
  return { namespace, name: `${tier}-${index}`, tier, ports: [...ports, port('metrics', 9090)] };
}

function port(name: string, number: number, protocol = 'TCP'): Workload['ports'][number] {
  return { name, number, protocol };
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
