/** Ports, hosts and self, lifecycle, other protocols (semantics 1.6 to 1.9). */
import { networkPolicy, node } from '../kit/objects.ts';
import { API, about, allowed, DB, denied, type SemanticCase, WEB, webEgress, webIngress } from './case.ts';
import { addresses, extraPod, INTERNET, NODE_B, policy, world } from './world.ts';

function ports(...list: readonly unknown[]): unknown {
  return webIngress({ ports: list });
}

/** Two servers whose `http` is not the same number, and one that has it twice. */
const SERVERS = [
  extraPod('one', 11, {
    labels: { app: 'server' },
    ports: [{ name: 'http', containerPort: 8001, protocol: 'TCP' }],
  }),
  extraPod('two', 12, {
    labels: { app: 'server' },
    ports: [{ name: 'http', containerPort: 8002, protocol: 'TCP' }],
  }),
];
const SERVER = { matchLabels: { app: 'server' } };

const PORT_CASES: readonly SemanticCase[] = [
  about(
    'F1',
    'the first and the last port are ports',
    [ports({ port: 1 }, { port: 65535 })],
    [
      allowed('internet', 'shop/web', 'TCP/1'),
      allowed('internet', 'shop/web', 'TCP/65535'),
      denied('internet', 'shop/web', 'TCP/2'),
      denied('internet', 'shop/web', 'TCP/65534'),
    ],
  ),
  ...(['TCP', 'UDP', 'SCTP'] as const).map((protocol) =>
    about(
      'F1',
      `a ${protocol} port is of ${protocol} alone`,
      [ports({ port: 53, protocol })],
      [
        ...(['TCP', 'UDP', 'SCTP'] as const).map((other) =>
          (other === protocol ? allowed : denied)('internet', 'shop/web', `${other}/53`),
        ),
        denied('internet', 'shop/web', `${protocol}/54`),
        denied('internet', 'shop/web', '136'),
      ],
    ),
  ),
  ...(['TCP', 'UDP', 'SCTP'] as const).map((protocol) =>
    about(
      'F2',
      `${protocol} without port is all ports of ${protocol} and no other protocol`,
      [ports({ protocol })],
      [
        ...(['TCP', 'UDP', 'SCTP'] as const).flatMap((other) =>
          [1, 80, 65535].map((port) =>
            (other === protocol ? allowed : denied)('internet', 'shop/web', `${other}/${port}`),
          ),
        ),
        denied('internet', 'shop/web', 'ICMP'),
      ],
    ),
  ),
  about(
    'F2',
    'ports: [{}] is all TCP only',
    [ports({})],
    [
      allowed('internet', 'shop/web', 'TCP/1'),
      allowed('internet', 'shop/web', 'TCP/65535'),
      denied('internet', 'shop/web', 'UDP/53'),
      denied('internet', 'shop/web', 'SCTP/53'),
      denied('internet', 'shop/web', 'ICMP'),
    ],
  ),
  about(
    'F2',
    'a null port is as absent',
    [ports({ port: null, protocol: 'UDP' })],
    [allowed('internet', 'shop/web', 'UDP/53'), denied('internet', 'shop/web', 'TCP/53')],
  ),
  about(
    'F3',
    'endPort is inclusive',
    [ports({ port: 8000, endPort: 8010 })],
    [
      denied('internet', 'shop/web', 'TCP/7999'),
      allowed('internet', 'shop/web', 'TCP/8000'),
      allowed('internet', 'shop/web', 'TCP/8010'),
      denied('internet', 'shop/web', 'TCP/8011'),
      denied('internet', 'shop/web', 'UDP/8005'),
    ],
  ),
  about(
    'F3',
    'endPort equal to port is that port',
    [ports({ port: 80, endPort: 80 })],
    [
      denied('internet', 'shop/web', 'TCP/79'),
      allowed('internet', 'shop/web', 'TCP/80'),
      denied('internet', 'shop/web', 'TCP/81'),
    ],
  ),
  about(
    'F3',
    'a range to the last port ends there',
    [ports({ port: 65534, endPort: 65535 })],
    [
      allowed('internet', 'shop/web', 'TCP/65535'),
      denied('internet', 'shop/web', 'TCP/65533'),
      denied('internet', 'shop/web', 'TCP/1'),
    ],
  ),
  about(
    'F3',
    'a range over all ports is of its protocol alone',
    [ports({ port: 1, endPort: 65535, protocol: 'UDP' })],
    [
      denied('internet', 'shop/web', 'UDP/0'),
      allowed('internet', 'shop/web', 'UDP/1'),
      allowed('internet', 'shop/web', 'UDP/65535'),
      denied('internet', 'shop/web', 'TCP/80'),
      denied('internet', 'shop/web', 'SCTP/80'),
      denied('internet', 'shop/web', 'ICMP'),
    ],
  ),
  about(
    'F3',
    'adjacent and overlapping ranges of two protocols never melt into one',
    [
      ports(
        { port: 80, endPort: 90 },
        { port: 91, endPort: 99, protocol: 'UDP' },
        { port: 85, endPort: 95, protocol: 'SCTP' },
        { port: 200 },
        { port: 201, protocol: 'UDP' },
      ),
    ],
    [
      allowed('internet', 'shop/web', 'TCP/90'),
      denied('internet', 'shop/web', 'TCP/91'),
      denied('internet', 'shop/web', 'UDP/90'),
      allowed('internet', 'shop/web', 'UDP/91'),
      denied('internet', 'shop/web', 'SCTP/84'),
      allowed('internet', 'shop/web', 'SCTP/95'),
      denied('internet', 'shop/web', 'SCTP/96'),
      allowed('internet', 'shop/web', 'TCP/200'),
      denied('internet', 'shop/web', 'TCP/201'),
      denied('internet', 'shop/web', 'UDP/200'),
      allowed('internet', 'shop/web', 'UDP/201'),
    ],
  ),
  about(
    'F3',
    'duplicate, touching and nested ranges are their union and leave the gap between them closed',
    [
      ports(
        { port: 10, endPort: 20 },
        { port: 12, endPort: 15 },
        { port: 21 },
        { port: 21 },
        { port: 23, endPort: 30 },
      ),
    ],
    [
      allowed('internet', 'shop/web', 'TCP/10'),
      allowed('internet', 'shop/web', 'TCP/21'),
      denied('internet', 'shop/web', 'TCP/22'),
      allowed('internet', 'shop/web', 'TCP/23'),
      denied('internet', 'shop/web', 'TCP/31'),
    ],
  ),
  about(
    'F3',
    'ports of two policies of one pod do not mix their peers',
    [
      webIngress({ from: [{ podSelector: API }], ports: [{ port: 80, endPort: 90 }] }),
      webIngress({ from: [{ podSelector: DB }], ports: [{ port: 91 }] }),
    ],
    [
      allowed('shop/api', 'shop/web', 'TCP/90'),
      denied('shop/api', 'shop/web', 'TCP/91'),
      allowed('shop/db', 'shop/web', 'TCP/91'),
      denied('shop/db', 'shop/web', 'TCP/90'),
    ],
  ),
  {
    id: 'F4',
    sentence: 'a named ingress port is resolved on each selected pod of its own',
    objects: world(
      ...SERVERS,
      policy('p', { podSelector: SERVER, ingress: [{ ports: [{ port: 'http' }] }] }),
    ),
    flows: [
      allowed('internet', 'shop/one', 'TCP/8001'),
      denied('internet', 'shop/one', 'TCP/8002'),
      allowed('internet', 'shop/two', 'TCP/8002'),
      denied('internet', 'shop/two', 'TCP/8001'),
    ],
  },
  {
    id: 'F5',
    sentence: 'a named egress port is resolved on each destination pod of its own',
    objects: world(...SERVERS, policy('p', webEgress({ ports: [{ port: 'http' }] }))),
    flows: [
      allowed('shop/web', 'shop/one', 'TCP/8001'),
      denied('shop/web', 'shop/one', 'TCP/8002'),
      allowed('shop/web', 'shop/two', 'TCP/8002'),
      denied('shop/web', 'shop/two', 'TCP/8001'),
      allowed('shop/web', 'other/web', 'TCP/80'),
      denied('shop/web', 'other/cli', 'TCP/80'),
      denied('shop/web', 'internet', 'TCP/80'),
      denied('shop/web', 'internet', 'TCP/8001'),
      denied('shop/web', 'node-b', 'TCP/8001'),
    ],
  },
  {
    id: 'F5',
    sentence: 'a named egress port with a podSelector is of those pods only',
    objects: world(
      ...SERVERS,
      policy('p', webEgress({ to: [{ podSelector: SERVER }], ports: [{ port: 'http' }, { port: 443 }] })),
    ),
    flows: [
      allowed('shop/web', 'shop/one', 'TCP/8001'),
      allowed('shop/web', 'shop/one', 'TCP/443'),
      denied('shop/web', 'shop/api', 'TCP/8080'),
      denied('shop/web', 'shop/api', 'TCP/443'),
      denied('shop/web', 'other/web', 'TCP/80'),
    ],
  },
  {
    id: 'F5',
    sentence: 'a named egress port with an ipBlock is of the pods inside the block only',
    objects: world(
      ...SERVERS,
      policy(
        'p',
        webEgress({
          to: [
            { ipBlock: { cidr: '10.244.2.0/24', except: ['10.244.2.12/32'] } },
            { ipBlock: { cidr: INTERNET.map((address) => `${address}/32`)[0] } },
          ],
          ports: [{ port: 'http' }],
        }),
      ),
    ),
    flows: [
      allowed('shop/web@4', 'shop/one', 'TCP/8001'),
      denied('shop/web@6', 'shop/one', 'TCP/8001'),
      denied('shop/web', 'shop/two', 'TCP/8002'),
      denied('shop/web@4', '10.244.2.99', 'TCP/8001'),
      denied('shop/web', 'internet@4', 'TCP/8001'),
      denied('shop/web', 'internet@4', 'TCP/80'),
    ],
  },
  {
    id: 'F5',
    sentence: 'a named egress port never matches a host-network pod’s port',
    objects: world(
      extraPod('hosted', 0, {
        addresses: NODE_B,
        hostNetwork: true,
        labels: { app: 'server' },
        ports: [{ name: 'http', containerPort: 8001, protocol: 'TCP' }],
      }),
      policy('p', webEgress({ ports: [{ port: 'http' }] })),
    ),
    flows: [denied('shop/web', 'node-b', 'TCP/8001')],
  },
  about(
    'F6',
    'a name of another protocol matches nothing and still isolates, ingress',
    [{ podSelector: API, ingress: [{ ports: [{ port: 'dns', protocol: 'TCP' }] }] }],
    [denied('internet', 'shop/api', 'TCP/53'), denied('internet', 'shop/api', 'UDP/53')],
  ),
  about(
    'F6',
    'name and protocol as the container has them match, ingress',
    [{ podSelector: API, ingress: [{ ports: [{ port: 'dns', protocol: 'UDP' }] }] }],
    [allowed('internet', 'shop/api', 'UDP/53'), denied('internet', 'shop/api', 'TCP/53')],
  ),
  about(
    'F6',
    'an unknown name matches nothing and still isolates, ingress',
    [ports({ port: 'nowhere' })],
    [denied('internet', 'shop/web', 'TCP/80'), denied('internet', 'shop/web', 'ICMP')],
  ),
  about(
    'F6',
    'an unknown name beside a number leaves the number',
    [ports({ port: 'nowhere' }, { port: 443 })],
    [allowed('internet', 'shop/web', 'TCP/443'), denied('internet', 'shop/web', 'TCP/80')],
  ),
  about(
    'F6',
    'a name of another protocol matches nothing and still isolates, egress',
    [webEgress({ ports: [{ port: 'dns' }] })],
    [denied('shop/web', 'shop/api', 'TCP/53'), denied('shop/web', 'shop/api', 'UDP/53')],
  ),
  about(
    'F6',
    'name and protocol as the container has them match, egress',
    [webEgress({ ports: [{ port: 'dns', protocol: 'UDP' }] })],
    [allowed('shop/web', 'shop/api', 'UDP/53'), denied('shop/web', 'shop/api', 'TCP/53')],
  ),
  ...(['ingress', 'egress'] as const).map(
    (direction): SemanticCase => ({
      id: 'F7',
      sentence: `the same name in several containers and sidecars is the union of their numbers, ${direction}`,
      objects: world(
        extraPod('server', 11, {
          labels: { app: 'server' },
          ports: [
            { name: 'http', containerPort: 8001, protocol: 'TCP' },
            { name: 'http', containerPort: 8002, protocol: 'TCP' },
            { name: 'http', containerPort: 8003, protocol: 'UDP' },
          ],
          // The builder adds a plain init container whose http is 9999.
          sidecarPorts: [{ name: 'http', containerPort: 8004, protocol: 'TCP' }],
        }),
        policy(
          'p',
          direction === 'ingress'
            ? { podSelector: SERVER, ingress: [{ ports: [{ port: 'http' }] }] }
            : webEgress({ ports: [{ port: 'http' }] }),
        ),
      ),
      flows: [
        allowed('shop/web', 'shop/server', 'TCP/8001'),
        allowed('shop/web', 'shop/server', 'TCP/8002'),
        denied('shop/web', 'shop/server', 'TCP/8003'),
        denied('shop/web', 'shop/server', 'UDP/8003'),
        allowed('shop/web', 'shop/server', 'TCP/8004'),
        denied('shop/web', 'shop/server', 'TCP/9999'),
      ],
    }),
  ),
  {
    id: 'F7',
    sentence: 'the same number under the same name twice is one port',
    objects: world(
      extraPod('server', 11, {
        labels: { app: 'server' },
        ports: [
          { name: 'http', containerPort: 8001, protocol: 'TCP' },
          { name: 'http', containerPort: 8001, protocol: 'TCP' },
        ],
      }),
      policy('p', webEgress({ ports: [{ port: 'http' }, { port: 'http' }] })),
    ),
    flows: [allowed('shop/web', 'shop/server', 'TCP/8001'), denied('shop/web', 'shop/server', 'TCP/8002')],
  },
  about(
    'F8',
    'a numeric port needs no containerPort declaration',
    [webEgress({ ports: [{ port: 12345 }] }), { podSelector: DB, ingress: [{ ports: [{ port: 12345 }] }] }],
    [allowed('shop/web', 'shop/db', 'TCP/12345'), denied('shop/web', 'shop/db', 'TCP/5432')],
  ),
];

const HOSTED = extraPod('hosted', 0, { addresses: NODE_B, hostNetwork: true, labels: { app: 'hosted' } });

const PLACE_CASES: readonly SemanticCase[] = [
  {
    id: 'H3',
    sentence: 'a host-network pod is never a subject',
    objects: world(
      HOSTED,
      policy('p', { podSelector: { matchLabels: { app: 'hosted' } }, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [
      allowed('shop/web', 'shop/hosted'),
      allowed('shop/hosted', 'shop/web'),
      allowed('internet', 'node-b'),
    ],
  },
  {
    id: 'H3',
    sentence: 'a host-network pod is never matched by a selector',
    objects: world(
      HOSTED,
      policy('p', webIngress({ from: [{ podSelector: {} }, { namespaceSelector: {} }] })),
    ),
    flows: [denied('shop/hosted', 'shop/web'), allowed('shop/api', 'shop/web')],
  },
  {
    id: 'H3',
    sentence: 'an ipBlock with the node’s address allows a host-network pod',
    objects: world(
      HOSTED,
      policy(
        'p',
        webIngress({
          from: NODE_B.map((address) => ({
            ipBlock: { cidr: `${address}/${address.includes(':') ? 128 : 32}` },
          })),
        }),
      ),
    ),
    flows: [
      allowed('shop/hosted', 'shop/web'),
      allowed('node-b', 'shop/web'),
      denied('shop/api', 'shop/web'),
    ],
  },
  about(
    'H4',
    'a pod to itself is always allowed',
    [{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }],
    [
      allowed('shop/web', 'shop/web', 'TCP/80'),
      allowed('shop/api', 'shop/api', 'UDP/53'),
      allowed('shop/db', 'shop/db', 'ICMP'),
      denied('shop/web', 'shop/db'),
    ],
  ),
  {
    id: 'H4',
    sentence: 'another pod with the same labels is not itself',
    objects: world(
      extraPod('web-2', 9, { labels: { app: 'web', tier: 'front' } }),
      policy('p', { podSelector: WEB, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [denied('shop/web', 'shop/web-2'), allowed('shop/web-2', 'shop/web-2')],
  },
  {
    id: 'H4',
    sentence: 'an address that a pod still lists but another pod owns by now is not itself',
    objects: world(
      extraPod('leaving', 0, {
        labels: { app: 'leaving' },
        deleting: true,
        addresses: [...addresses(2, 20), ...addresses(2, 21)],
      }),
      extraPod('new', 21),
      policy('p', { podSelector: { matchLabels: { app: 'leaving' } }, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [
      denied('10.244.2.20', 'shop/new@4'),
      denied('shop/new@6', 'fd00:10:244:2::14'),
      allowed('10.244.2.20', '10.244.2.20'),
      allowed('internet', 'shop/new'),
    ],
  },
  about(
    'H5',
    'egress is judged by the backend’s port, not the Service’s',
    [webEgress({ to: [{ podSelector: API }], ports: [{ port: 8080 }] })],
    [allowed('shop/web', 'shop/api', 'TCP/8080'), denied('shop/web', 'shop/api', 'TCP/80')],
  ),
  {
    id: 'I2',
    sentence: 'a Succeeded pod’s address, reused, is the live pod’s: it is no peer any more',
    objects: world(
      extraPod('done', 9, { labels: { app: 'job' }, phase: 'Succeeded' }),
      extraPod('live', 9, { labels: { app: 'other' } }),
      policy('p', webIngress({ from: [{ podSelector: { matchLabels: { app: 'job' } } }] })),
    ),
    flows: [denied('shop/live', 'shop/web')],
  },
  {
    id: 'I2',
    sentence: 'a Failed pod’s address, reused, is the live pod’s: it is no subject any more',
    objects: world(
      extraPod('a-done', 9, { labels: { app: 'job' }, phase: 'Failed' }),
      extraPod('live', 9, { labels: { app: 'other' } }),
      policy('p', { podSelector: { matchLabels: { app: 'job' } }, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [allowed('internet', 'shop/live'), allowed('shop/live', 'internet')],
  },
  {
    id: 'I2',
    sentence: 'a live pod at a reused address is isolated by its own policies',
    objects: world(
      extraPod('a-done', 9, { labels: { app: 'open' }, phase: 'Succeeded' }),
      extraPod('live', 9, { labels: { app: 'closed' } }),
      policy('p', { podSelector: { matchLabels: { app: 'closed' } }, policyTypes: ['Ingress', 'Egress'] }),
      policy('q', { podSelector: { matchLabels: { app: 'open' } }, ingress: [{}], egress: [{}] }),
    ),
    flows: [denied('internet', 'shop/live'), denied('shop/live', 'internet')],
  },
  {
    id: 'I2',
    sentence: 'a reused address has the live pod’s named ports',
    objects: world(
      extraPod('a-done', 9, {
        phase: 'Succeeded',
        ports: [{ name: 'http', containerPort: 9000, protocol: 'TCP' }],
      }),
      extraPod('live', 9, { ports: [{ name: 'http', containerPort: 9001, protocol: 'TCP' }] }),
      policy('p', webEgress({ ports: [{ port: 'http' }] })),
    ),
    flows: [denied('shop/web', 'shop/live', 'TCP/9000'), allowed('shop/web', 'shop/live', 'TCP/9001')],
  },
  {
    id: 'I3',
    sentence: 'a pod being deleted is still a subject',
    objects: world(
      extraPod('leaving', 9, { labels: { app: 'x' }, deleting: true }),
      policy('p', { podSelector: { matchLabels: { app: 'x' } }, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [denied('internet', 'shop/leaving'), denied('shop/leaving', 'internet')],
  },
  {
    id: 'I3',
    sentence: 'a pod being deleted is still a peer',
    objects: world(
      extraPod('leaving', 9, { labels: { app: 'x' }, deleting: true }),
      policy('p', webIngress({ from: [{ podSelector: { matchLabels: { app: 'x' } } }] })),
    ),
    flows: [allowed('shop/leaving', 'shop/web'), denied('shop/api', 'shop/web')],
  },
  {
    id: 'I3',
    sentence: 'a Terminating namespace keeps its policies and is still a peer',
    objects: world(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'other', labels: { team: 'other' }, deletionTimestamp: '2026-01-01T00:00:00Z' },
        status: { phase: 'Terminating' },
      },
      networkPolicy('other', 'deny', { podSelector: {} }),
      policy('p', webIngress({ from: [{ namespaceSelector: { matchLabels: { team: 'other' } } }] })),
    ),
    flows: [
      denied('internet', 'other/web'),
      allowed('other/web', 'shop/web'),
      denied('ops/prom', 'shop/web'),
    ],
  },
  {
    id: 'I4',
    sentence: 'isolation covers every address of the subject',
    objects: world(
      extraPod('many', 0, {
        labels: { app: 'many' },
        addresses: [...addresses(2, 20), ...addresses(2, 21)],
      }),
      policy('p', { podSelector: { matchLabels: { app: 'many' } }, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [denied('internet', 'shop/many'), denied('shop/many', 'internet')],
  },
  {
    id: 'I4',
    sentence: 'a peer is admitted from every address of its',
    objects: world(
      extraPod('many', 0, { labels: { app: 'many' }, addresses: [...addresses(2, 20), ...addresses(2, 21)] }),
      policy('p', webIngress({ from: [{ podSelector: { matchLabels: { app: 'many' } } }] })),
    ),
    flows: [allowed('shop/many', 'shop/web'), denied('10.244.2.22', 'shop/web')],
  },
  {
    id: 'I4',
    sentence: 'an IPv4-mapped pod address is the IPv4 address',
    objects: world(
      extraPod('mapped', 0, { labels: { app: 'mapped' }, addresses: ['::ffff:10.244.2.30'] }),
      policy('p', { podSelector: { matchLabels: { app: 'mapped' } }, ingress: [] }),
    ),
    flows: [denied('internet@4', '10.244.2.30'), allowed('10.244.2.30', 'internet@4')],
  },
  {
    id: 'I6',
    sentence: 'a pod without an address yet is no peer',
    objects: world(
      extraPod('new', 0, { labels: { app: 'api' }, addresses: [], phase: 'Pending' }),
      policy('p', webIngress({ from: [{ podSelector: API }] })),
    ),
    flows: [allowed('shop/api', 'shop/web'), denied('10.244.2.40', 'shop/web')],
  },
  {
    id: 'I6',
    sentence: 'a pending pod with an address is a subject already',
    objects: world(
      extraPod('new', 9, { labels: { app: 'new' }, phase: 'Pending' }),
      policy('p', { podSelector: { matchLabels: { app: 'new' } }, policyTypes: ['Ingress', 'Egress'] }),
    ),
    flows: [denied('internet', 'shop/new'), denied('shop/new', 'internet')],
  },
  about(
    'J1',
    'a rule without ports allows ICMP and every other protocol with its peers',
    [webIngress({ from: [{ podSelector: API }] })],
    [
      allowed('shop/api', 'shop/web', 'ICMP'),
      allowed('shop/api', 'shop/web', '47'),
      denied('shop/db', 'shop/web', 'ICMP'),
      denied('internet', 'shop/web', '47'),
    ],
  ),
  about(
    'J1',
    'a rule with ports does not allow ICMP or any other protocol',
    [
      webIngress({
        from: [{ podSelector: API }],
        ports: [{ protocol: 'TCP' }, { protocol: 'UDP' }, { protocol: 'SCTP' }],
      }),
    ],
    [
      allowed('shop/api', 'shop/web', 'TCP/1'),
      denied('shop/api', 'shop/web', 'ICMP'),
      denied('shop/api', 'shop/web', '47'),
      denied('shop/api', 'shop/web', '136'),
    ],
  ),
  about(
    'J1',
    'egress the same: ports or all protocols',
    [webEgress({ to: [{ podSelector: API }] }, { to: [{ podSelector: DB }], ports: [{ protocol: 'UDP' }] })],
    [
      allowed('shop/web', 'shop/api', 'ICMP'),
      allowed('shop/web', 'shop/db', 'UDP/1'),
      denied('shop/web', 'shop/db', 'ICMP'),
      denied('shop/web', 'internet', 'ICMP'),
    ],
  ),
  {
    id: 'J1',
    sentence: 'a protocol with ports is not ICMP of the other family',
    objects: world(policy('p', webIngress({ ports: [{ port: 80 }] })), node('node-c', [], [])),
    flows: [denied('internet@4', 'shop/web', '58'), denied('internet@6', 'shop/web', '1')],
  },
];

export const PORT_AND_PLACE_CASES: readonly SemanticCase[] = [...PORT_CASES, ...PLACE_CASES];
