/** What the random policies are tried on: pods of many labels and ports on two nodes, hosts, and Services of every kind. */
import type { Raw } from '../kit/objects.ts';

const NAMESPACES = ['shop', 'stranger', 'monitoring', 'kube-system', 'a'] as const;

type Labels = Readonly<Record<string, string>>;

interface Port {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: 'UDP';
}

const port = (containerPort: number, name?: string, protocol?: 'UDP'): Port => ({
  containerPort,
  ...(name === undefined ? {} : { name }),
  ...(protocol === undefined ? {} : { protocol }),
});

const PODS: readonly (readonly [string, string, string, Labels, Port])[] = [
  ['shop', 'web', 'node-a', { app: 'web', tier: 'web', many: '' }, port(80, 'http')],
  ['shop', 'api', 'node-b', { app: 'api', tier: 'api', env: '', many: '' }, port(8080, 'http')],
  ['shop', 'db', 'node-a', { app: 'db', env: 'db' }, port(9090, 'metrics')],
  ['stranger', 'web', 'node-b', { app: 'web', env: 'api' }, port(8081, 'http')],
  ['stranger', 'db', 'node-a', { app: 'db', tier: 'db' }, port(53, 'dns', 'UDP')],
  ['monitoring', 'scraper', 'node-b', { app: 'api', env: 'web' }, port(9090, 'metrics')],
  ['monitoring', 'empty', 'node-a', { tier: '' }, port(443, 'http')],
  ['kube-system', 'dns', 'node-b', { app: 'web', tier: 'db' }, port(53, 'dns', 'UDP')],
  ['a', 'one', 'node-a', { env: 'web', tier: 'api' }, port(80, 'http')],
  ['a', 'two', 'node-b', { app: '', env: 'db' }, port(8080, 'metrics')],
];

/** With labels that many selectors match, which must not matter. */
const HOST_PODS = [
  ['shop', 'host', 'node-a', 7070],
  ['a', 'host', 'node-b', 7071],
] as const;

const SERVICES: readonly (readonly [string, string, Labels, Raw, Raw])[] = [
  // A number that is not the pod's, and a name; several endpoints, whose numbers differ.
  ['shop', 'db', { app: 'db' }, { port: 80, targetPort: 9090 }, {}],
  ['shop', 'many', { many: '' }, { port: 443, targetPort: 'http' }, {}],
  ['kube-system', 'dns', { app: 'web' }, { port: 53, targetPort: 'dns', protocol: 'UDP' }, {}],
  [
    'monitoring',
    'scraper',
    { app: 'api' },
    { port: 8080, targetPort: 'metrics', nodePort: 30_090 },
    { type: 'NodePort' },
  ],
  [
    'a',
    'one',
    { env: 'web' },
    { port: 9090, targetPort: 80, nodePort: 30_080 },
    { type: 'NodePort', externalTrafficPolicy: 'Local' },
  ],
];

export function cluster(): readonly Raw[] {
  return [
    ...NAMESPACES.map((name, index) => {
      const labels = { env: ['web', 'api', 'db', '', 'web'][index], app: index % 2 ? 'web' : 'db' };
      return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
    }),
    ...PODS.map(([namespace, name, nodeName, labels, ports]) =>
      podOf(namespace, name, labels, { nodeName, containers: [container(ports)] }),
    ),
    ...HOST_PODS.map(([namespace, name, nodeName, number]) =>
      podOf(
        namespace,
        name,
        { app: 'web', env: 'db', tier: 'api' },
        { nodeName, hostNetwork: true, containers: [container(port(number))] },
      ),
    ),
    ...SERVICES.map(([namespace, name, selector, ports, more]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { ipFamilyPolicy: 'PreferDualStack', selector, ports: [ports], ...more },
    })),
  ];
}

function container(ports: Port): Raw {
  return { name: 'main', image: 'lab', ports: [ports] };
}

function podOf(namespace: string, name: string, labels: Labels, spec: Raw): Raw {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels }, spec };
}
