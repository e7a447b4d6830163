/** The policies people write, in the mix they write them: most about one's own namespace, some across. */
import type { Raw } from './objects.ts';
import { Random } from './random.ts';
import type { Cluster, Team, Workload } from './workloads.ts';

type Spec = Readonly<Record<string, unknown>>;
type Draw = (own: readonly Workload[], team: Team, random: Random) => Spec;

const DNS_PEER = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
};

const app = (workload: Workload | undefined): Spec => ({ matchLabels: { app: workload?.name ?? 'nobody' } });
const namespaceNamed = (name: string): Spec => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
const numbered = (workload: Workload | undefined): readonly Spec[] => [
  { port: workload?.ports[0]?.number ?? 80, protocol: 'TCP' },
];

const defaultDeny: Draw = () => ({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

const dns: Draw = () => ({
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [
    {
      to: [DNS_PEER],
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP' },
      ],
    },
  ],
});

const sameNamespace: Draw = () => ({
  podSelector: {},
  policyTypes: ['Ingress', 'Egress'],
  ingress: [{ from: [{ podSelector: {} }] }],
  egress: [{ to: [{ podSelector: {} }] }],
});

const monitoring: Draw = () => ({
  podSelector: {},
  ingress: [{ from: [{ namespaceSelector: namespaceNamed('monitoring') }], ports: [{ port: 'metrics' }] }],
});

const ingressController: Draw = (_, __, ___) => ({
  podSelector: { matchLabels: { tier: 'frontend' } },
  ingress: [{ from: [{ namespaceSelector: namespaceNamed('ingress-nginx') }], ports: [{ port: 'http' }] }],
});

/** One workload calls another. */
const call: Draw = (own, _, random) => {
  const [client, server] = [random.pick(own), random.pick(own)];
  return {
    podSelector: app(server),
    ingress: [{ from: [{ podSelector: app(client) }], ports: numbered(server) }],
  };
};

const tiers: Draw = () => ({
  podSelector: { matchLabels: { tier: 'database' } },
  ingress: [
    {
      from: [
        { podSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['api', 'worker'] }] } },
      ],
      ports: [{ port: 'postgres' }],
    },
  ],
});

/** All namespaces of a team. */
const wholeTeam: Draw = (own, { team }, random) => ({
  podSelector: app(random.pick(own)),
  ingress: [
    {
      from: [{ namespaceSelector: { matchLabels: { team } }, podSelector: { matchLabels: { tier: 'api' } } }],
    },
  ],
});

const wholeEnvironment: Draw = (_, { environment }) => ({
  podSelector: { matchLabels: { tier: 'api' } },
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { environment } } }], ports: [{ port: 'http' }] }],
});

const outsideOnly: Draw = (own, _, random) => ({
  podSelector: app(random.pick(own)),
  policyTypes: ['Egress'],
  egress: [
    {
      to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '169.254.169.254/32', '172.16.0.0/12'] } }],
      ports: [{ port: 443 }],
    },
  ],
});

const database: Draw = (own, _, random) => ({
  podSelector: app(random.pick(own)),
  policyTypes: ['Egress'],
  egress: [
    {
      to: [{ ipBlock: { cidr: `198.51.100.${random.below(256)}/32` } }],
      ports: [{ port: 5432, endPort: 5440 }],
    },
    { to: [{ podSelector: { matchLabels: { tier: 'cache' } } }], ports: [{ port: 'http' }] },
  ],
});

const everybody: Draw = (own, _, random) => ({
  podSelector: { matchLabels: { tier: 'frontend' } },
  ingress: [{ from: [{ namespaceSelector: {} }], ports: numbered(random.pick(own)) }],
});

/** What a pod may join by a label. */
const clients: Draw = (own, _, random) => ({
  podSelector: {},
  ingress: [
    { from: [{ podSelector: { matchLabels: { role: 'client' } } }], ports: numbered(random.pick(own)) },
  ],
});

/** Once in each namespace; then the others in turn. */
const BASE: readonly Draw[] = [defaultDeny, dns, clients];
const MORE: readonly Draw[] = [
  call,
  sameNamespace,
  call,
  monitoring,
  call,
  ingressController,
  wholeTeam,
  outsideOnly,
  call,
  tiers,
  database,
  wholeEnvironment,
  call,
  everybody,
];

export function rawPolicy(namespace: string, name: string, spec: Spec): Raw {
  return {
    metadata: {
      namespace,
      name,
      uid: `np-${namespace}-${name}`,
      resourceVersion: '1000',
      generation: 1,
      managedFields: [
        { manager: 'kubectl', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } },
      ],
    },
    spec,
  };
}

export function buildPolicies({ scale, teams, workloads }: Cluster): readonly Raw[] {
  const random = new Random(3);
  const byNamespace = new Map<string, Workload[]>();
  for (const workload of workloads) {
    const own = byNamespace.get(workload.namespace);
    if (own) own.push(workload);
    else byNamespace.set(workload.namespace, [workload]);
  }
  const policies: Raw[] = [];
  const add = (team: Team, draw: Draw): void => {
    const own = byNamespace.get(team.namespace);
    if (own === undefined || policies.length >= scale.policies) return;
    policies.push(rawPolicy(team.namespace, `policy-${policies.length}`, draw(own, team, random)));
  };
  for (const draw of BASE) for (const team of teams) add(team, draw);
  for (let index = 0; policies.length < scale.policies; index += 1) {
    add(random.pick(teams), MORE[index % MORE.length] ?? call);
  }
  return policies;
}
