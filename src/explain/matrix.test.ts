/** Through Services, and what the text makes of many cells. The ways themselves are proven with packets in the lab. */
import { expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Node, type Pod, podKey } from '../model/cluster.ts';
import type { Policy } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import type { Service } from '../model/service.ts';
import type { World } from '../world/world.ts';
import { compared, type Judgement } from './compare.ts';
import { type Cell, matrixOf, UNCHECKED } from './matrix.ts';
import { matrixText } from './matrix-text.ts';
import { PLAIN } from './paint.ts';
import { askServiceCells, undialledServices } from './service-cells.ts';

const EVERYBODY = { kind: 'requirements', requirements: [] } as const;

function node(name: string, number: number): Node {
  const podCidrs = [`10.244.${number}.0/24` as Cidr];
  return { name, labels: new Map(), addresses: [`172.18.0.${number + 1}` as Address], podCidrs };
}

function pod(name: string, onNode: string, address: string, app: string, port: number): Pod {
  return modelPod(name, {
    labels: new Map([['app', app]]),
    node: onNode,
    addresses: [address as Address],
    ports: [{ name: 'http', protocol: 'TCP', port }],
  });
}

const API: Service = {
  namespace: 'shop',
  name: 'api',
  selector: new Map([['app', 'api']]),
  externalName: null,
  clusterAddresses: ['10.96.0.9' as Address],
  families: [4],
  ports: [{ name: null, protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30_080 }],
  internalLocal: false,
  externalLocal: false,
  publishNotReady: false,
};

/** `web` on node-a; `near` there and `far` on node-b behind the Service, at different ports. */
function world(policies: readonly Policy[], service: Service = API): World {
  const pods = [
    pod('web', 'node-a', '10.244.1.2', 'web', 80),
    pod('near', 'node-a', '10.244.1.3', 'api', 8080),
    pod('far', 'node-b', '10.244.2.2', 'api', 8081),
  ];
  return {
    snapshot: {
      namespaces: new Map([['shop', { name: 'shop', labels: new Map() }]]),
      nodes: new Map([node('node-a', 1), node('node-b', 2)].map((each) => [each.name, each])),
      pods: new Map(pods.map((each) => [podKey('shop', each.name), each])),
      policies: new Map(policies.map((each) => [policyKey(each), each])),
    },
    services: new Map([['shop/api', service]]),
    slices: new Map(),
    slicesListed: false,
    unready: new Set(),
    standIns: new Set(),
    undescribed: new Set(),
    input: {
      kind: 'cluster',
      cluster: null,
      files: [],
      objects: { namespaces: 1, nodes: 2, pods: 3, services: 1, policies: 0 },
      missing: [],
    },
    internet: ['203.0.113.10'],
    locate: () => null,
  };
}

function ingressFrom(cidr: string): Policy {
  const block = { kind: 'ipBlock', path: [], cidr: cidr as Cidr, except: [] } as const;
  const rule = { index: 0, peers: { kind: 'some', peers: [block] }, ports: { kind: 'any' } } as const;
  const subject = EVERYBODY;
  return {
    kind: 'NetworkPolicy',
    namespace: 'shop',
    name: 'in',
    subject,
    ingress: [rule],
    egress: null,
    problems: [],
  };
}

/** `web > svc/shop/api: allowed` */
function verdicts(of: World, source: string): readonly string[] {
  return askServiceCells(of, { namespace: null, internetPorts: [] })
    .filter(({ cell }) => cell.source === source)
    .map(({ cell }) => `${cell.destination}:${cell.port} ${cell.policies}`);
}

test('a Service is dialled at its ClusterIP and at its NodePort on every node, a ClusterIP not from outside', () => {
  const open = world([]);
  expect(verdicts(open, 'shop/web')).toEqual([
    'svc/shop/api:80 allowed',
    'svc/shop/api at node-a:30080 allowed',
    'svc/shop/api at node-b:30080 allowed',
  ]);
  expect(verdicts(open, 'internet')).toEqual([
    'svc/shop/api at node-a:30080 allowed',
    'svc/shop/api at node-b:30080 allowed',
  ]);
});

test('an endpoint on the node dialled sees the client, on another node that node', () => {
  // Of the two endpoints one sees the internet's address, the other a node's.
  expect(verdicts(world([ingressFrom('203.0.113.10/32')]), 'internet')).toEqual([
    'svc/shop/api at node-a:30080 unknown',
    'svc/shop/api at node-b:30080 unknown',
  ]);
  const both = verdicts(world([ingressFrom('0.0.0.0/0')]), 'internet');
  expect(both.every((text) => text.endsWith('allowed'))).toBe(true);
  const none = verdicts(world([ingressFrom('198.51.100.1/32')]), 'internet');
  expect(none.every((text) => text.endsWith('denied'))).toBe(true);
});

test('externalTrafficPolicy Local leaves the endpoints of the node dialled, who see the client', () => {
  const local = { ...API, externalLocal: true };
  expect(verdicts(world([ingressFrom('203.0.113.10/32')], local), 'internet')).toEqual([
    'svc/shop/api at node-a:30080 allowed',
    'svc/shop/api at node-b:30080 allowed',
  ]);
});

test('internalTrafficPolicy Local leaves the endpoints of the own node', () => {
  const policy = ingressFrom('198.51.100.1/32');
  expect(verdicts(world([policy]), 'shop/far')[0]).toBe('svc/shop/api:80 unknown');
  expect(verdicts(world([policy], { ...API, internalLocal: true }), 'shop/far')[0]).toBe(
    'svc/shop/api:80 allowed',
  );
});

test('a column of a Service names the port that is dialled, and the legend what a blank cell is', () => {
  const open = world([]);
  const cells = askServiceCells(open, { namespace: null, internetPorts: [] }).map(({ cell }) => cell);
  const lines = matrixText(matrixOf(open, cells, true), PLAIN).split('\n');
  expect(lines).toContain('  1  svc/shop/api            80/TCP');
  expect(lines).toContain('  2  svc/shop/api at node-a  30080/TCP');
  expect(lines).toContain('. allow   X deny   ? unknown   # itself   (blank) not asked');
});

test('a Service that has no column is named, with the reason', () => {
  const scope = { namespace: null, internetPorts: [] };
  const of = (service: Service): readonly string[] => undialledServices(world([], service), scope);
  expect(of(API)).toEqual([]);
  expect(of({ ...API, selector: new Map([['app', 'gone']]) })).toEqual([
    '80/TCP of svc/shop/api (no endpoint)',
  ]);
  expect(of({ ...API, selector: null })).toEqual(['80/TCP of svc/shop/api (no selector)']);
  expect(of({ ...API, clusterAddresses: [] })).toEqual(['svc/shop/api (no ClusterIP)']);
});

const CELL: Cell = {
  source: 'shop/web',
  destination: 'shop/api',
  protocol: 'TCP',
  port: 80,
  declared: true,
  family: 4,
  policies: 'allowed',
  why: null,
  ...UNCHECKED,
};

test.each<[string, readonly Judgement[], NonNullable<Cell['packet']>, boolean]>([
  ['all say yes', [{ allowed: true, kernel: 'accept' }], 'connected', true],
  ['nothing listens there', [{ allowed: true, kernel: 'accept' }], 'refused', true],
  ['no ruleset on the way', [{ allowed: true, kernel: null }], 'connected', true],
  ['the packet is lost', [{ allowed: true, kernel: 'accept' }], 'blocked', false],
  ['the kernel drops it', [{ allowed: true, kernel: 'drop' }], 'connected', false],
  ['a leak', [{ allowed: false, kernel: 'drop' }], 'connected', false],
  ['the probe failed', [{ allowed: true, kernel: 'accept' }], 'error', false],
  ['nobody knows', [], 'connected', false],
  [
    'chance decides, and the kernel is right about each way',
    [
      { allowed: true, kernel: 'accept' },
      { allowed: false, kernel: 'drop' },
    ],
    'blocked',
    true,
  ],
  [
    'chance decides, and the kernel is wrong about one way',
    [
      { allowed: true, kernel: 'accept' },
      { allowed: false, kernel: 'accept' },
    ],
    'connected',
    false,
  ],
])('%s: agreement is %4$s', (_, judgements, packet, agree) => {
  expect(compared(CELL, judgements, packet).agree).toBe(agree);
});

test('why a cell is unknown is said once for all it concerns, and many reasons and disagreements are counted', () => {
  const cells = [
    ...Array.from({ length: 40 }, (_, index): Cell => {
      const policies = 'unknown';
      return { ...CELL, port: index + 1, policies, why: `reason ${index % 10}` };
    }),
    ...Array.from({ length: 45 }, (_, index): Cell => ({ ...CELL, port: 1000 + index, agree: false })),
  ];
  const lines = matrixText(matrixOf(world([]), cells, true), PLAIN).split('\n');
  const said = lines.filter((line) => line.startsWith('?'));
  expect(said).toHaveLength(8);
  expect(said[0]).toBe('?  shop/web -> shop/api  1/TCP over IPv4 and 3 more: reason 0');
  expect(lines).toContain('... and 2 more reasons: -o json has all');
  expect(lines.filter((line) => line.startsWith('DISAGREE'))).toHaveLength(20);
  expect(lines).toContain('... and 25 more disagreements: -o json has all');
  expect(lines.at(-2)).toBe('85 cells, 0 agree, 40 not probed: an end has no address');
});
