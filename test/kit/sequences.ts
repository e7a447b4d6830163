/**
 * Lists of states of a cluster, and the ways to walk through one that must all end alike: straight, reversed,
 * in pieces, with nothing in between, with things said twice.
 */
import fc from 'fast-check';
import { type Change, changedObject, type Snapshot } from '../../src/model/cluster.ts';
import { cluster, NODE_ADDRESSES, POD_RANGES, type RandomCluster } from './arbitraries.ts';
import { namespace, networkPolicy, node, type PodSpec, pod, type Raw } from './objects.ts';
import { changesOf, snapshotOf } from './snapshot.ts';

/** One state, as the events that lead to it from the one before. */
export type Step = readonly Change[];

export interface Sequence {
  readonly name: string;
  readonly states: readonly Snapshot[];
}

export const VARIANTS = [
  'as it is',
  'reversed and again',
  'duplicated',
  'squashed',
  'split',
  'with empties between',
  'with updates that change nothing',
] as const;
export type Variant = (typeof VARIANTS)[number];

/** The nodes stay: without its object a node keeps its pod range, since its pods keep their addresses. */
const NODES: readonly Raw[] = [
  node('node-a', NODE_ADDRESSES['node-a'], POD_RANGES['node-a']),
  node('node-b', NODE_ADDRESSES['node-b'], POD_RANGES['node-b']),
];
export const EMPTY: Snapshot = snapshotOf(NODES);

export function endOf({ states }: Sequence): Snapshot {
  return states.at(-1) ?? EMPTY;
}

export function stepsOf(sequence: Sequence, variant: Variant): readonly Step[] {
  const { states } = sequence;
  switch (variant) {
    case 'as it is':
      return between(states);
    case 'reversed and again':
      return between([...states, ...[...states].reverse(), EMPTY, ...states]);
    case 'duplicated':
      return between(states).flatMap((step) => [[...step, ...step], step]);
    case 'squashed':
      return between([endOf(sequence)]);
    case 'split':
      return between(states).flatMap((step) => step.map((change) => [change]));
    case 'with empties between':
      return between(states.flatMap((state) => [state, EMPTY]).concat(states.slice(-1)));
    case 'with updates that change nothing':
      return between(states).flatMap((step, index) => [
        step,
        [],
        changesOf([EMPTY, ...states][index] ?? EMPTY),
      ]);
  }
}

/** From nothing, through all of them. */
function between(states: readonly Snapshot[]): readonly Step[] {
  return [EMPTY, ...states].map((state, index, all) => {
    const before = index === 0 ? [] : changesOf(all[index - 1] ?? EMPTY);
    const after = changesOf(state);
    const text = (change: Change): string => JSON.stringify(change.value, plain);
    const kept = new Set(after.map(changedObject));
    const known = new Map(before.map((change) => [changedObject(change), text(change)]));
    return [
      ...before
        .filter((change) => !kept.has(changedObject(change)))
        .map((change): Change => ({ ...change, value: null })),
      ...after.filter((change) => known.get(changedObject(change)) !== text(change)),
    ];
  });
}

function plain(_: string, value: unknown): unknown {
  return value instanceof Map ? [...value] : value;
}

/** Small, so that many can be walked: what matters is what changes from one to the next. */
export const randomSequence: fc.Arbitrary<Sequence> = fc
  .array(cluster, { minLength: 2, maxLength: 3 })
  .map((clusters) => ({ name: 'random', states: clusters.map(stateOf) }));

function stateOf({ namespaces, pods, policies }: RandomCluster): Snapshot {
  return snapshotOf([...NODES, ...namespaces, ...pods.slice(0, 10), ...policies.slice(0, 6)]);
}

function local(name: string, last: number | null, more: Partial<PodSpec> = {}): Raw {
  const addresses = last === null ? [] : [`10.244.1.${last}`, `fd00:10:244:1::${last.toString(16)}`];
  const phase = last === null ? 'Pending' : 'Running';
  return pod({ namespace: 'shop', name, node: 'node-a', labels: { app: name }, addresses, phase, ...more });
}

/** Another pod under the same name. */
function reborn(made: Raw): Raw {
  const metadata = made.metadata as Raw;
  return { ...made, metadata: { ...metadata, uid: `${String(metadata.uid)}-again` } };
}

function state(...objects: readonly Raw[]): Snapshot {
  return snapshotOf([...NODES, ...objects]);
}

const SHOP = namespace('shop', { team: 'shop' });
const HTTP = { name: 'http', containerPort: 8080, protocol: 'TCP' };
const CLOSED = networkPolicy('shop', 'closed', { podSelector: { matchLabels: { app: 'api' } } });
const FROM_WEB = networkPolicy('shop', 'from-web', {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }, { port: 53 }] },
  ],
});
const TO_HTTP = networkPolicy('shop', 'to-http', {
  podSelector: { matchLabels: { app: 'web' } },
  policyTypes: ['Egress'],
  egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'shop' } } }], ports: [{ port: 'http' }] }],
});

/** What single events do together. */
export const WRITTEN: readonly Sequence[] = [
  {
    name: 'an address goes from pod to pod',
    states: [
      state(SHOP, CLOSED, FROM_WEB, local('web', 5), local('db', 6)),
      state(SHOP, CLOSED, FROM_WEB, local('web', 5, { phase: 'Succeeded' }), local('db', 6)),
      state(
        SHOP,
        CLOSED,
        FROM_WEB,
        local('web', 5, { phase: 'Succeeded' }),
        local('api', null),
        local('db', 6),
      ),
      state(SHOP, CLOSED, FROM_WEB, local('web', 5, { phase: 'Succeeded' }), local('api', 5), local('db', 6)),
      state(SHOP, CLOSED, FROM_WEB, local('web', 6), local('api', 5, { deleting: true }), local('db', 5)),
    ],
  },
  {
    name: 'a pod waits, has its address, is deleted and made again',
    states: [
      state(SHOP, CLOSED, local('api', null)),
      state(SHOP, CLOSED, local('api', null), local('web', 7)),
      state(SHOP, CLOSED, local('api', 8), local('web', 7)),
      state(SHOP, local('api', 8, { deleting: true })),
      state(SHOP, CLOSED, reborn(local('api', null))),
      state(SHOP, CLOSED, reborn(local('api', 9))),
    ],
  },
  {
    name: 'a namespace is relabelled, deleted and made again, with named ports',
    states: [
      state(SHOP, TO_HTTP, FROM_WEB, local('web', 5), local('db', 6, { ports: [HTTP] })),
      state(namespace('shop', { team: 'other' }), TO_HTTP, FROM_WEB, local('web', 5), local('db', 6)),
      state(),
      state(local('web', 5), local('db', 6, { ports: [HTTP] })),
      state(TO_HTTP, local('web', 5), local('db', 6, { ports: [HTTP, { ...HTTP, containerPort: 9090 }] })),
      state(SHOP, TO_HTTP, local('web', 6), local('db', 5, { ports: [{ ...HTTP, containerPort: 9090 }] })),
    ],
  },
  {
    name: 'policies come before their pods, change and go',
    states: [
      state(SHOP, CLOSED, FROM_WEB),
      state(SHOP, CLOSED, FROM_WEB, local('api', 5), local('web', 6), local('db', 7)),
      state(
        SHOP,
        { ...FROM_WEB, spec: { podSelector: {} } },
        local('api', 5),
        local('web', 6),
        local('db', 7),
      ),
      state(SHOP, local('api', 5), local('web', 6), local('db', 7, { labels: { app: 'web' } })),
      state(SHOP, CLOSED, TO_HTTP, local('api', 5), local('db', 7, { labels: { app: 'web' } })),
    ],
  },
];
