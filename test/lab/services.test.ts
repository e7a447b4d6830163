import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProbeReport, ProbeSource } from '../../src/lab/control/protocol.ts';
import { buildPrograms, type InsideLab, namespace, startInside } from './inside-lab.ts';

/** Services as kube-proxy forwards them, with the real policyd between their two NATs. */

const SERVICES = '/api/v1/namespaces/shop/services';
const PODS = '/api/v1/namespaces/shop/pods';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';
const POLICIES = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];
type Outcome = ProbeReport['outcome'];
type Raw = Readonly<Record<string, unknown>>;

const EXTERNAL: ProbeSource = { external: true };
const NODE_A = { 4: '172.18.0.2', 6: 'fd00:172:18::2' } as const;
const NODE_B = { 4: '172.18.0.3', 6: 'fd00:172:18::3' } as const;
const HOST = { 4: '203.0.113.10/32', 6: '2001:db8:113::10/128' } as const;

function pod(name: string, nodeName: string, labels: Raw, ports: readonly Raw[]): unknown {
  const spec = { nodeName, containers: [{ name: 'main', image: 'none', ports }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', labels }, spec };
}

function service(name: string, spec: Raw): unknown {
  const metadata = { name, namespace: 'shop' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ipFamilyPolicy: 'PreferDualStack', ...spec },
  };
}

function nodePort(
  name: string,
  selector: Raw,
  number: number,
  targetPort: number | string,
  more: Raw = {},
): unknown {
  const ports = [{ name: 'http', port: 80, targetPort, nodePort: number }];
  return service(name, { type: 'NodePort', selector, ports, ...more });
}

const OBJECTS = [
  namespace('shop'),
  pod('web', 'node-a', { app: 'web' }, [{ containerPort: 80 }]),
  pod('stranger', 'node-a', { app: 'stranger' }, [{ containerPort: 80 }]),
  // One name, two numbers: a named targetPort is each pod's own matter.
  pod('near', 'node-a', { app: 'api', at: 'near' }, [{ name: 'http', containerPort: 8080, hostPort: 9090 }]),
  pod('far', 'node-b', { app: 'api', at: 'far' }, [{ name: 'http', containerPort: 8081 }]),
  nodePort('api', { app: 'api' }, 30_080, 'http'),
  service('sticky', {
    selector: { app: 'api' },
    sessionAffinity: 'ClientIP',
    ports: [{ port: 80, targetPort: 'http' }],
  }),
  nodePort('near', { at: 'near' }, 30_081, 8080),
  nodePort('far', { at: 'far' }, 30_082, 8081),
  nodePort('far-local', { at: 'far' }, 30_083, 'http', { externalTrafficPolicy: 'Local' }),
  nodePort('nobody', { app: 'nobody' }, 30_084, 'http'),
  service('far-inside', {
    selector: { at: 'far' },
    internalTrafficPolicy: 'Local',
    ports: [{ port: 80, targetPort: 8081 }],
  }),
  service('dns', { selector: { at: 'far' }, ports: [{ port: 53, protocol: 'UDP', targetPort: 8081 }] }),
  service('headless', {
    selector: { at: 'far' },
    clusterIP: 'None',
    ports: [{ port: 80, targetPort: 8081 }],
  }),
  service('by-hand', { ports: [{ name: 'http', port: 80 }] }),
];

let dist: string;
let lab: InsideLab;
const clusterIps = new Map<string, Readonly<Record<Family, string>>>();

beforeAll(async () => {
  dist = await buildPrograms();
  lab = await startInside(dist, OBJECTS, { nodes: 2 });
  await Promise.race([lab.event('ready'), failure()]);
  for (const name of ['api', 'sticky', 'near', 'far', 'far-local', 'nobody', 'far-inside', 'dns', 'by-hand'])
    clusterIps.set(name, await clusterIpOf(name));
});
afterAll(async () => {
  await lab.stop();
  await rm(dist, { recursive: true, force: true });
});

async function failure(): Promise<never> {
  const status = await lab.ended;
  throw new Error(`the lab ended with ${status}: ${JSON.stringify(lab.events.at(-1))}`);
}

async function clusterIpOf(name: string): Promise<Readonly<Record<Family, string>>> {
  const { body } = await lab.api('GET', `${SERVICES}/${name}`);
  const { clusterIPs } = (body as { readonly spec: { readonly clusterIPs: readonly string[] } }).spec;
  const of = (six: boolean): string => clusterIPs.find((address) => address.includes(':') === six) ?? '';
  return { 4: of(false), 6: of(true) };
}

function ipOf(name: string, family: Family): string {
  return clusterIps.get(name)?.[family] ?? '';
}

function from(name: string): ProbeSource {
  return { pod: `shop/${name}` };
}

async function probe(
  source: ProbeSource,
  address: string,
  port: number,
  protocol: 'TCP' | 'UDP' = 'TCP',
): Promise<Outcome> {
  const query = { from: source, to: { address, port, protocol }, timeoutMs: 500 };
  const { outcome } = await lab.client.probe(query);
  // A timeout is tried once more, with more patience, before it counts.
  if (outcome !== 'blocked') return outcome;
  return (await lab.client.probe({ ...query, timeoutMs: 1000 })).outcome;
}

async function synced(): Promise<void> {
  expect(await lab.client.sync(20_000)).toMatchObject({ synced: true, waitingFor: [] });
}

async function create(path: string, object: unknown): Promise<void> {
  expect(await lab.api('POST', path, object)).toMatchObject({ status: 201 });
}

/** Runs with these policies in force, and without them again afterwards. */
async function under(specs: readonly Raw[], check: () => Promise<void>): Promise<void> {
  for (const [index, spec] of specs.entries()) {
    const metadata = { name: `policy-${index}` };
    await create(POLICIES, { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec });
  }
  await synced();
  try {
    await check();
  } finally {
    for (const index of specs.keys()) await lab.api('DELETE', `${POLICIES}/policy-${index}`);
    await synced();
  }
}

type Dial = readonly [source: ProbeSource, address: string, port: number, protocol?: 'TCP' | 'UDP'];

async function outcomes(dials: readonly Dial[]): Promise<readonly Outcome[]> {
  return await Promise.all(dials.map((dial) => probe(...dial)));
}

/** The policies let the admitted pass and stop the denied, all of whom pass without them. */
async function expectUnder(
  specs: readonly Raw[],
  { admitted = [], denied = [] }: { readonly admitted?: readonly Dial[]; readonly denied?: readonly Dial[] },
): Promise<void> {
  const open = [...admitted, ...denied].map(() => 'connected');
  expect(await outcomes([...admitted, ...denied])).toEqual(open);
  await under(specs, async () => {
    expect({ admitted: await outcomes(admitted), denied: await outcomes(denied) }).toEqual({
      admitted: admitted.map(() => 'connected'),
      denied: denied.map(() => 'blocked'),
    });
  });
  expect(await outcomes(denied)).toEqual(denied.map(() => 'connected'));
}

const API = { matchLabels: { app: 'api' } };
const WEB = { matchLabels: { app: 'web' } };
const CLOSED = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

/** Ingress of the backends from these ranges only. */
function ingressFrom(...cidrs: readonly string[]): Raw {
  const peers = cidrs.map((cidr) => ({ ipBlock: { cidr } }));
  return { podSelector: API, policyTypes: ['Ingress'], ingress: [{ from: peers }] };
}

function egressOfWeb(...ports: readonly number[]): Raw {
  const rule = { to: [{ podSelector: API }], ports: ports.map((port) => ({ port })) };
  return { podSelector: WEB, policyTypes: ['Egress'], egress: [rule] };
}

describe.each(FAMILIES)('without policies, over IPv%d', (family) => {
  test('a ClusterIP leads from pods, nodes and the root to its backends', async () => {
    const dials: Dial[] = [
      [from('web'), ipOf('near', family), 80],
      [from('web'), ipOf('far', family), 80],
      [from('web'), ipOf('api', family), 80],
      [from('near'), ipOf('near', family), 80],
      [from('far'), ipOf('far', family), 80],
      [{ node: 'node-a' }, ipOf('near', family), 80],
      [{ node: 'node-a' }, ipOf('far', family), 80],
      [{ node: 'node-b' }, ipOf('near', family), 80],
      [from('web'), ipOf('dns', family), 53, 'UDP'],
      [{ node: 'node-a' }, ipOf('dns', family), 53, 'UDP'],
    ];
    expect(await outcomes(dials)).toEqual(dials.map(() => 'connected'));
    for (const name of ['near', 'far']) {
      const said = await lab.sh(`timeout 5 bash -c 'exec 3<>/dev/tcp/${ipOf(name, family)}/80 && echo open'`);
      expect(said.trim()).toBe('open');
    }
  });

  test('a NodePort leads there from every node, for everybody', async () => {
    const sources = [EXTERNAL, from('web'), from('near'), from('far'), { node: 'node-a' }];
    const dials = sources.flatMap((source) =>
      [30_080, 30_081, 30_082].flatMap((port): Dial[] => [
        [source, NODE_A[family], port],
        [source, NODE_B[family], port],
      ]),
    );
    expect(await outcomes(dials)).toEqual(dials.map(() => 'connected'));
  });

  test("a hostPort leads to its pod on the pod's node only", async () => {
    const dials: Dial[] = [
      [EXTERNAL, NODE_A[family], 9090],
      [from('web'), NODE_A[family], 9090],
      [from('near'), NODE_A[family], 9090],
      [from('far'), NODE_A[family], 9090],
      [{ node: 'node-b' }, NODE_A[family], 9090],
      [EXTERNAL, NODE_B[family], 9090],
    ];
    expect(await outcomes(dials)).toEqual([...Array(5).fill('connected'), 'refused']);
  });

  test('externalTrafficPolicy Local is silent where it has no backend, but not for clients of the cluster', async () => {
    expect(await probe(EXTERNAL, NODE_B[family], 30_083)).toBe('connected');
    expect(await probe(EXTERNAL, NODE_A[family], 30_083)).toBe('blocked');
    expect(await probe(from('web'), NODE_A[family], 30_083)).toBe('connected');
    expect(await probe({ node: 'node-a' }, NODE_A[family], 30_083)).toBe('connected');
  });

  test('internalTrafficPolicy Local reaches backends of the own node only', async () => {
    expect(await probe(from('far'), ipOf('far-inside', family), 80)).toBe('connected');
    expect(await probe(from('web'), ipOf('far-inside', family), 80)).toBe('blocked');
  });

  test('no endpoints, or no such port, is refused; the internet has no way to a ClusterIP', async () => {
    const nobody = ipOf('nobody', family);
    const dials: Dial[] = [
      [from('web'), nobody, 80],
      [{ node: 'node-b' }, nobody, 80],
      [EXTERNAL, NODE_A[family], 30_084],
      [from('web'), NODE_B[family], 30_084],
      [from('web'), ipOf('near', family), 81],
      [from('web'), ipOf('near', family), 80, 'UDP'],
      [{ node: 'node-a' }, ipOf('near', family), 81],
    ];
    expect(await outcomes(dials)).toEqual(dials.map(() => 'refused'));
    // ICMP unreachable, which over IPv6 comes before connect() lets go of the socket.
    expect(['error', 'blocked']).toContain(await probe(EXTERNAL, ipOf('near', family), 80));
  });
});

describe.each(FAMILIES)('policies judge what Services forward, over IPv%d', (family) => {
  test('egress to a Service is admitted by the targetPort, not by the port of the Service', async () => {
    const dials: Dial[] = [
      [from('web'), ipOf('near', family), 80],
      [from('web'), ipOf('far', family), 80],
    ];
    await expectUnder([egressOfWeb(8080, 8081)], { admitted: dials });
    await expectUnder([egressOfWeb(80)], { denied: dials });
  });

  test('the chosen backend decides: one of two admitted, connections to the Service end both ways', async () => {
    await under([egressOfWeb(8080)], async () => {
      const dials = Array.from({ length: 24 }, () => ({
        from: from('web'),
        to: { address: ipOf('api', family), port: 80, protocol: 'TCP' as const },
        timeoutMs: 1000,
      }));
      const ends = await Promise.all(dials.map(async (dial) => (await lab.client.probe(dial)).outcome));
      expect(new Set(ends)).toEqual(new Set(['connected', 'blocked']));
      // The same Service with session affinity: whichever it is, it is always the same.
      const sticky = dials.map(({ to, ...rest }) => ({
        ...rest,
        to: { ...to, address: ipOf('sticky', family) },
      }));
      const stuck = await Promise.all(sticky.map(async (dial) => (await lab.client.probe(dial)).outcome));
      expect(new Set(stuck).size).toBe(1);
    });
  });

  test('ingress sees the real client behind the ClusterIP', async () => {
    const onlyWeb = {
      podSelector: API,
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: WEB }] }],
    };
    const by = (client: string): Dial[] => [
      [from(client), ipOf('near', family), 80],
      [from(client), ipOf('far', family), 80],
      [from(client), ipOf('dns', family), 53, 'UDP'],
    ];
    await expectUnder([onlyWeb], { admitted: by('web'), denied: by('stranger') });
  });

  test('a pod reaches itself through its own Service, NodePort and hostPort under default deny', async () => {
    await expectUnder([CLOSED], {
      admitted: [
        [from('near'), ipOf('near', family), 80],
        [from('far'), ipOf('far', family), 80],
        [from('near'), NODE_A[family], 30_081],
        [from('near'), NODE_A[family], 9090],
      ],
      denied: [
        [from('near'), ipOf('far', family), 80],
        [from('far'), ipOf('near', family), 80],
        [from('web'), ipOf('near', family), 80],
        [from('web'), ipOf('far', family), 80],
        [from('web'), NODE_A[family], 30_081],
        [from('web'), NODE_B[family], 30_081],
        [EXTERNAL, NODE_A[family], 30_081],
        [EXTERNAL, NODE_A[family], 9090],
      ],
    });
  });

  test('the own node reaches its pod through a Service under default deny, another node does not', async () => {
    await expectUnder([CLOSED], {
      admitted: [[{ node: 'node-a' }, ipOf('near', family), 80]],
      denied: [[{ node: 'node-b' }, ipOf('near', family), 80]],
    });
  });

  test("a NodePort entered on the backend's node shows the real client, on another node that node", async () => {
    const entered: Dial = [EXTERNAL, NODE_B[family], 30_082];
    const detour: Dial = [EXTERNAL, NODE_A[family], 30_082];
    await expectUnder([ingressFrom(HOST[family])], { admitted: [entered], denied: [detour] });
    const length = family === 4 ? 32 : 128;
    await expectUnder([ingressFrom(`${NODE_A[family]}/${length}`)], {
      admitted: [detour],
      denied: [entered],
    });
  });

  test('a NodePort with externalTrafficPolicy Local shows the real client', async () => {
    const dial: Dial = [EXTERNAL, NODE_B[family], 30_083];
    await expectUnder([ingressFrom(HOST[family])], { admitted: [dial] });
    await expectUnder([ingressFrom(`${NODE_B[family]}/${family === 4 ? 32 : 128}`)], { denied: [dial] });
  });

  test('a hostPort shows the real client', async () => {
    const dial: Dial = [EXTERNAL, NODE_A[family], 9090];
    await expectUnder([ingressFrom(HOST[family])], { admitted: [dial] });
    await expectUnder([ingressFrom(`${NODE_A[family]}/${family === 4 ? 32 : 128}`)], { denied: [dial] });
  });

  test("a pod through a NodePort of its own node is judged by the backend, through another node's by that node", async () => {
    const own: Dial = [from('web'), NODE_A[family], 30_082];
    const other: Dial = [from('web'), NODE_B[family], 30_082];
    await expectUnder([egressOfWeb(8081)], { admitted: [own], denied: [other] });
    const toNode = {
      podSelector: WEB,
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: `${NODE_B[family]}/${family === 4 ? 32 : 128}` } }] }],
    };
    await expectUnder([toNode], { admitted: [other], denied: [own] });
  });
});

describe('what changes is followed', () => {
  test('a pod that comes, is not ready, is ready again and goes', async () => {
    const dial: Dial = [from('web'), ipOf('nobody', 4), 80];
    const six: Dial = [EXTERNAL, NODE_B[6], 30_084];
    expect(await outcomes([dial, six])).toEqual(['refused', 'refused']);
    await create(PODS, pod('late', 'node-b', { app: 'nobody' }, [{ name: 'http', containerPort: 7000 }]));
    await synced();
    expect(await outcomes([dial, six])).toEqual(['connected', 'connected']);
    const ready = async (status: string): Promise<void> => {
      const conditions = [{ type: 'Ready', status }];
      expect(await lab.api('PATCH', `${PODS}/late/status`, { status: { conditions } })).toMatchObject({
        status: 200,
      });
      await synced();
    };
    await ready('False');
    expect(await outcomes([dial, six])).toEqual(['refused', 'refused']);
    await ready('True');
    expect(await outcomes([dial, six])).toEqual(['connected', 'connected']);
    await lab.api('DELETE', `${PODS}/late`);
    await synced();
    expect(await outcomes([dial, six])).toEqual(['refused', 'refused']);
  });

  test('a pod whose labels change joins and leaves', async () => {
    const dial: Dial = [from('web'), ipOf('nobody', 6), 80];
    const relabel = async (app: string): Promise<void> => {
      await lab.api('PATCH', `${PODS}/far`, { metadata: { labels: { app } } });
      await synced();
    };
    expect(await probe(...dial)).toBe('refused');
    await relabel('nobody');
    expect(await probe(...dial)).toBe('connected');
    await relabel('api');
    expect(await probe(...dial)).toBe('refused');
  });

  test('a Service that comes, changes and goes', async () => {
    const spec = { selector: { at: 'near' }, ports: [{ port: 80, targetPort: 8080 }] };
    await create(SERVICES, service('short', spec));
    await synced();
    const address = (await clusterIpOf('short'))[4];
    expect(await probe(from('web'), address, 80)).toBe('connected');
    await lab.api('PATCH', `${SERVICES}/short`, { spec: { ports: [{ port: 81, targetPort: 8080 }] } });
    await synced();
    expect(
      await outcomes([
        [from('web'), address, 80],
        [from('web'), address, 81],
      ]),
    ).toEqual(['refused', 'connected']);
    await lab.api('DELETE', `${SERVICES}/short`);
    await synced();
    expect(
      await outcomes([
        [from('web'), address, 81],
        [{ node: 'node-a' }, address, 81],
      ]),
    ).toEqual(['blocked', 'blocked']);
  });

  test('a Service without a selector has the endpoints that EndpointSlices give it', async () => {
    const { pods } = await lab.client.state();
    const [address = ''] = pods.find(({ name }) => name === 'far')?.addresses ?? [];
    const dial: Dial = [from('web'), ipOf('by-hand', 4), 80];
    expect(await probe(...dial)).toBe('refused');
    await create(SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'by-hand', labels: { 'kubernetes.io/service-name': 'by-hand' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8081, protocol: 'TCP' }],
      endpoints: [{ addresses: [address] }],
    });
    await synced();
    expect(await probe(...dial)).toBe('connected');
    await expectUnder([egressOfWeb(8081)], { admitted: [dial] });
    await expectUnder([egressOfWeb(8080)], { denied: [dial] });
    await lab.api('DELETE', `${SLICES}/by-hand`);
    await synced();
    expect(await probe(...dial)).toBe('refused');
  });

  test('the state says that the nodes forward what is stored', async () => {
    const { nodes } = await lab.client.state();
    expect(nodes.map(({ services }) => services)).toEqual(
      nodes.map(() => ({ inSync: true, waitingFor: null })),
    );
  });

  test("forwarding has a table of its own beside policyd's, and no other", async () => {
    const tables = await lab.sh('nsenter --net=/run/netns/node-b nft list tables');
    expect(tables.trim().split('\n').sort()).toEqual(['table inet lab_proxy', 'table inet policyd']);
  });
});

test.each(['ipv4', 'ipv6'] as const)('in a lab of %s alone Services work', async (ipFamily) => {
  const single = await startInside(dist, OBJECTS, {
    ipFamily,
    nodes: 2,
    programs: { policyd: null, labPod: `${dist}/lab-pod.js` },
  });
  try {
    await single.event('ready');
    const { body } = await single.api('GET', `${SERVICES}/api`);
    const { clusterIP } = (body as { readonly spec: { readonly clusterIP: string } }).spec;
    const family = ipFamily === 'ipv4' ? 4 : 6;
    expect(clusterIP.includes(':')).toBe(family === 6);
    for (const [source, address, port] of [
      [from('web'), clusterIP, 80],
      [EXTERNAL, NODE_A[family], 30_082],
      [EXTERNAL, NODE_A[family], 9090],
    ] as const) {
      const to = { address, port, protocol: 'TCP' as const };
      expect((await single.client.probe({ from: source, to, timeoutMs: 2000 })).outcome).toBe('connected');
    }
  } finally {
    await single.stop();
  }
});
