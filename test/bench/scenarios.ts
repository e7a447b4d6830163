/** Sequences of events that end where they began, so that they can be repeated and replayed. */
import { podLabels, type Raw, rawNamespace, rawPod } from './objects.ts';
import type { EventType, Kind } from './pipeline.ts';
import { rawPolicy } from './policies.ts';
import {
  addressesAt,
  type Cluster,
  LOCAL_NODE,
  type PodPlace,
  type Team,
  type Workload,
} from './workloads.ts';

export interface Step {
  readonly name: string;
  readonly kind: Kind;
  readonly type: EventType;
  readonly object: Raw;
}

type Scenario = (round: number) => readonly Step[];

export function scenarios(cluster: Cluster): readonly Scenario[] {
  const local = cluster.pods.filter(({ node }) => node === LOCAL_NODE);
  const neighbour = (round: number): PodPlace => at(local, round * 7);
  // Beside a local pod, so that something in the kernel is about it.
  const workloadNear = (round: number): Workload => neighbour(round).workload;
  return [
    (round) => podSteps('pod on another node', workloadNear(round), 'node-1', 1, round),
    (round) => podSteps('pod on this node', workloadNear(round), LOCAL_NODE, 0, round),
    (round) => policySteps(neighbour(round), round),
    (round) => namespaceSteps(teamOf(cluster, neighbour(round).workload.namespace)),
  ];
}

function podSteps(
  where: string,
  workload: Workload,
  node: string,
  nodeIndex: number,
  round: number,
): readonly Step[] {
  const place: PodPlace = {
    workload,
    index: 1_000_000 + round,
    node,
    addresses: addressesAt(nodeIndex, 120 + (round % 100)),
  };
  // Its namespace has a policy for such pods.
  const relabelled = { ...podLabels(place), role: 'client' };
  const step = (what: string, type: EventType, object: Raw): Step => ({
    name: `${where}: ${what}`,
    kind: 'pods',
    type,
    object,
  });
  return [
    step('added', 'ADDED', rawPod(place)),
    step('relabelled', 'MODIFIED', rawPod(place, relabelled)),
    step('removed', 'DELETED', rawPod(place, relabelled)),
  ];
}

function policySteps({ workload }: PodPlace, round: number): readonly Step[] {
  const { namespace } = workload;
  const spec = (port: number, tier: string): Readonly<Record<string, unknown>> => ({
    podSelector: { matchLabels: { app: workload.name } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { tier } } }], ports: [{ port }] }],
  });
  const step = (what: string, type: EventType, content: Readonly<Record<string, unknown>>): Step => ({
    name: `policy: ${what}`,
    kind: 'networkpolicies',
    type,
    object: rawPolicy(namespace, `bench-${round}`, content),
  });
  return [
    step('created', 'ADDED', spec(8443, 'api')),
    step('port changed', 'MODIFIED', spec(9443, 'api')),
    step('peer changed', 'MODIFIED', spec(9443, 'worker')),
    step('deleted', 'DELETED', spec(9443, 'worker')),
  ];
}

function namespaceSteps(team: Team): readonly Step[] {
  const step = (what: string, object: Raw): Step => ({
    name: `namespace: ${what}`,
    kind: 'namespaces',
    type: 'MODIFIED',
    object,
  });
  return [
    step('moved to another team', rawNamespace({ ...team, team: 'team-0', environment: 'dev' })),
    step('moved back', rawNamespace(team)),
  ];
}

function teamOf({ teams }: Cluster, namespace: string): Team {
  const found = teams.find((team) => team.namespace === namespace);
  if (found === undefined) throw new Error(`no namespace ${namespace}`);
  return found;
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new RangeError('the list is empty');
  return item;
}
