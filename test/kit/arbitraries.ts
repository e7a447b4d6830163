/**
 * Random clusters and policies with every field, drawn from small pools so that selectors, names, ports
 * and blocks meet. Sizes: 2 nodes, 5 namespaces, up to 30 pods, up to 12 policies.
 */
import fc from 'fast-check';
import { namespace, networkPolicy, node, pod, type Raw } from './objects.ts';

export interface RandomCluster {
  readonly namespaces: readonly Raw[];
  readonly nodes: readonly Raw[];
  readonly pods: readonly Raw[];
  readonly policies: readonly Raw[];
}

const NAMESPACES = ['shop', 'stranger', 'monitoring', 'kube-system', 'a'] as const;
const NODES = ['node-a', 'node-b'] as const;
const KEYS = ['app', 'tier', 'env'] as const;
const VALUES = ['web', 'api', 'db', ''] as const;
const PORT_NAMES = ['http', 'dns', 'metrics'] as const;
const NUMBERS = [53, 80, 443, 8080, 8081, 9090] as const;
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

export const NODE_ADDRESSES: Readonly<Record<(typeof NODES)[number], readonly string[]>> = {
  'node-a': ['172.18.0.2', 'fd00:172:18::2'],
  'node-b': ['172.18.0.3', 'fd00:172:18::3'],
};
export const POD_RANGES: Readonly<Record<(typeof NODES)[number], readonly string[]>> = {
  'node-a': ['10.244.1.0/24', 'fd00:10:244:1::/64'],
  'node-b': ['10.244.2.0/24', 'fd00:10:244:2::/64'],
};
export const EXTERNAL = ['203.0.113.10', '2001:db8:113::10', '198.51.100.7', '10.9.8.7'] as const;
/** Inside the pod ranges, but no pod's. */
export const UNKNOWN = ['10.244.1.200', '10.244.2.200', 'fd00:10:244:1::c8', 'fd00:10:244:2::c8'] as const;

const labels = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 3 });

const requirement = fc.oneof(
  fc.record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);

const selector = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 5,
    arbitrary: fc.record(
      {
        matchLabels: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), {
          minKeys: 1,
          maxKeys: 2,
        }),
        matchExpressions: fc.array(requirement, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  },
);

/** Whole namespaces often: what nobody isolates tells nothing. */
const subject = fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: selector });

const namespaceSelector = fc.oneof(
  { weight: 3, arbitrary: selector },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...NAMESPACES)
      .map((name) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.uniqueArray(fc.constantFrom(...NAMESPACES), { minLength: 1, maxLength: 3 }),
      })
      .map((one) => ({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', ...one }] })),
  },
);

const BLOCKS: readonly { readonly cidr: string; readonly inside: readonly string[] }[] = [
  { cidr: '0.0.0.0/0', inside: ['10.0.0.0/8', '203.0.113.0/24', '10.244.1.0/28', '172.18.0.2/32'] },
  { cidr: '10.244.0.0/16', inside: ['10.244.1.0/24', '10.244.2.0/25', '10.244.1.3/32'] },
  { cidr: '10.244.1.0/24', inside: ['10.244.1.0/29', '10.244.1.4/30'] },
  { cidr: '203.0.113.0/24', inside: ['203.0.113.10/32', '203.0.113.0/28'] },
  { cidr: '198.51.100.7/32', inside: [] },
  { cidr: '172.18.0.0/16', inside: ['172.18.0.3/32'] },
  { cidr: '172.18.0.2/31', inside: ['172.18.0.2/32'] },
  // Where ClusterIPs are from: nobody sees one in the end.
  { cidr: '10.96.0.0/12', inside: ['10.96.0.0/16'] },
  { cidr: '::/0', inside: ['fd00:10:244::/48', '2001:db8::/32'] },
  { cidr: 'fd00:10:244::/48', inside: ['fd00:10:244:1::/64', 'fd00:10:244:2::4/126'] },
  { cidr: '2001:db8:113::/48', inside: ['2001:db8:113::10/128'] },
  { cidr: 'fd00:172:18::/64', inside: ['fd00:172:18::2/128'] },
  { cidr: 'fd00::/8', inside: ['fd00:10:244:1::/64', 'fd00:10:96::/112', 'fd00:172:18::3/128'] },
];

const ipBlock = fc
  .constantFrom(...BLOCKS)
  .chain(({ cidr, inside }) =>
    fc
      .subarray([...inside], { maxLength: inside.length })
      .map((except) => ({ ipBlock: except.length > 0 ? { cidr, except } : { cidr } })),
  );

const peer = fc.oneof(
  { weight: 3, arbitrary: selector.map((podSelector) => ({ podSelector })) },
  { weight: 2, arbitrary: namespaceSelector.map((found) => ({ namespaceSelector: found })) },
  { weight: 2, arbitrary: fc.record({ podSelector: selector, namespaceSelector }) },
  { weight: 3, arbitrary: ipBlock },
);

const protocolField = fc.option(fc.constantFrom(...PROTOCOLS), { nil: undefined, freq: 3 });

const port = fc.oneof(
  { weight: 4, arbitrary: fc.record({ port: fc.constantFrom(...NUMBERS), protocol: protocolField }) },
  {
    weight: 3,
    arbitrary: fc.record({ port: fc.constantFrom(...PORT_NAMES, 'nowhere'), protocol: protocolField }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        port: fc.constantFrom(...NUMBERS),
        span: fc.constantFrom(0, 1, 400, 8000),
        protocol: protocolField,
      })
      .map(({ port: first, span, protocol }) => ({ port: first, endPort: first + span, protocol })),
  },
  { weight: 1, arbitrary: fc.record({ protocol: protocolField }) },
);

const rules = (peers: 'from' | 'to') =>
  fc.array(
    fc
      .record(
        {
          peers: fc.array(peer, { maxLength: 3 }),
          ports: fc.array(port, { maxLength: 3 }),
        },
        { requiredKeys: [] },
      )
      .map(({ peers: list, ports }) => ({
        ...(list === undefined ? {} : { [peers]: list }),
        ...(ports === undefined ? {} : { ports }),
      })),
    { maxLength: 3 },
  );

/** A policy in one of the namespaces, its spec as JSON. */
export const policy: fc.Arbitrary<{ readonly ns: string; readonly spec: Readonly<Record<string, unknown>> }> =
  fc
    .record({
      namespace: fc.constantFrom(...NAMESPACES),
      podSelector: subject,
      ingress: fc.option(rules('from'), { nil: undefined }),
      egress: fc.option(rules('to'), { nil: undefined }),
      policyTypes: fc.option(fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']), {
        nil: undefined,
      }),
    })
    .map(({ namespace: ns, ...spec }) => ({
      ns,
      spec: JSON.parse(JSON.stringify(spec)) as Record<string, unknown>,
    }));

const containerPorts = fc.array(
  fc.record({
    name: fc.constantFrom(...PORT_NAMES),
    containerPort: fc.constantFrom(...NUMBERS),
    protocol: fc.constantFrom(...PROTOCOLS),
  }),
  { maxLength: 3 },
);

const podShape = fc.record({
  ns: fc.constantFrom(...NAMESPACES),
  labels,
  node: fc.constantFrom(...NODES),
  families: fc.constantFrom('4', '6', '46', '46', '46'),
  state: fc.constantFrom(
    'Running',
    'Running',
    'Running',
    'Running',
    'Pending',
    'Succeeded',
    'Failed',
    'deleting',
    'waiting',
  ),
  hostNetwork: fc.constantFrom(false, false, false, false, false, false, true),
  /** Reuses the address of the pod before it, which must then be a finished one to be legal. */
  reuse: fc.constantFrom(false, false, false, false, true),
  ports: containerPorts,
  sidecar: fc.option(containerPorts, { nil: undefined, freq: 4 }),
});

const PHASES: ReadonlyMap<string, string> = new Map([
  ['deleting', 'Running'],
  ['waiting', 'Pending'],
]);

function buildPods(
  shapes: readonly (typeof podShape extends fc.Arbitrary<infer Shape> ? Shape : never)[],
): readonly Raw[] {
  const addressesAt = (index: number, name: (typeof NODES)[number], families: string): readonly string[] => {
    const suffix = index + 2;
    const net = name === 'node-a' ? 1 : 2;
    return [
      ...(families.includes('4') ? [`10.244.${net}.${suffix}`] : []),
      ...(families.includes('6') ? [`fd00:10:244:${net}::${suffix.toString(16)}`] : []),
    ];
  };
  return shapes.map((shape, index) => {
    const previous = shapes[index - 1];
    const finished = (state: string): boolean => state === 'Succeeded' || state === 'Failed';
    const reuse =
      shape.reuse && previous !== undefined && finished(previous.state) && previous.node === shape.node;
    return pod({
      namespace: shape.ns,
      name: `pod-${index}`,
      labels: shape.labels,
      node: shape.node,
      addresses: shape.hostNetwork
        ? NODE_ADDRESSES[shape.node]
        : shape.state === 'waiting'
          ? []
          : addressesAt(reuse ? index - 1 : index, shape.node, shape.families),
      phase: PHASES.get(shape.state) ?? shape.state,
      deleting: shape.state === 'deleting',
      hostNetwork: shape.hostNetwork,
      ports: shape.ports,
      ...(shape.sidecar === undefined ? {} : { sidecarPorts: shape.sidecar }),
    });
  });
}

export const cluster: fc.Arbitrary<RandomCluster> = fc
  .record({
    /** A namespace whose object has not been seen, though its pods have. */
    unseen: fc.option(fc.constantFrom(...NAMESPACES), { freq: 4 }),
    namespaceLabels: fc.tuple(labels, labels, labels, labels, labels),
    pods: fc.array(podShape, { minLength: 2, maxLength: 30, size: 'max' }),
    policies: fc.array(policy, { maxLength: 12, size: 'max' }),
  })
  .map(({ unseen, namespaceLabels, pods, policies }) => ({
    namespaces: NAMESPACES.map((name, index) => namespace(name, namespaceLabels[index] ?? {})).filter(
      (_, index) => NAMESPACES[index] !== unseen,
    ),
    nodes: NODES.map((name) => node(name, NODE_ADDRESSES[name], POD_RANGES[name])),
    pods: buildPods(pods),
    policies: policies.map(({ ns, spec }, index) => networkPolicy(ns, `policy-${index}`, spec)),
  }));

export interface RandomFlow {
  /** Fractions of the list of all addresses of the cluster and its surroundings. */
  readonly source: number;
  readonly destination: number;
  readonly protocol: (typeof PROTOCOLS)[number] | 'ICMP' | 'ESP';
  readonly port: number;
}

export const flows: fc.Arbitrary<readonly RandomFlow[]> = fc.array(
  fc.record({
    source: fc.nat({ max: 9999 }),
    destination: fc.nat({ max: 9999 }),
    protocol: fc.constantFrom('TCP', 'TCP', 'TCP', 'UDP', 'UDP', 'SCTP', 'ICMP', 'ESP'),
    port: fc.oneof(fc.constantFrom(...NUMBERS), fc.constantFrom(1, 54, 81, 444, 65535)),
  }),
  { minLength: 40, maxLength: 40 },
);
