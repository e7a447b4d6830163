/**
 * Services as kube-proxy forwards them, with the real policyd between their two NATs: hosts, Services and a
 * pod itself as policies mean them (semantics 1.7), in every topology and over both families.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TOPOLOGIES } from '../../src/lab/network/topology.ts';
import { dial } from './inside-lab.ts';
import { CLOSED, DIRECTIONS, FORWARDED, JUDGED, NEVER_DENIED } from './service-cases.ts';
import { PODS, pod, SERVICES, ServiceLab, SLICES, service } from './service-lab.ts';

describe.each(TOPOLOGIES)('%s, two nodes, dual stack', (topology) => {
  let lab: ServiceLab;
  beforeAll(async () => {
    lab = await ServiceLab.start({ topology });
  });
  afterAll(() => lab.inside.stop());

  const sh = (line: string): Promise<string> => lab.inside.sh(line);

  test.each(FORWARDED)('%s', async (_title, expected) => {
    await lab.expect(expected);
  });

  test('a ClusterIP is reached from the root, and not from the internet', async () => {
    const from = lab.families.map(async (family) => {
      const address = lab.addressOf('svc/far', family);
      const said = await sh(`timeout 120 bash -c 'exec 3<>/dev/tcp/${address}/80 && echo open'`);
      return [said.trim(), await lab.probe('internet > svc/near:80', family, 'blocked')] as const;
    });
    for (const [root, internet] of await Promise.all(from)) {
      expect(root).toBe('open');
      // ICMP unreachable, which over IPv6 comes before connect() lets go of the socket.
      expect(['error', 'blocked']).toContain(internet);
    }
  });

  const here = JUDGED.filter((one) => one.topology === undefined || one.topology === topology);
  test.each(here.map((one) => [one.title, one] as const))(
    '%s',
    async (_title, { policies, admitted, denied }) => {
      await lab.judges(policies, admitted, denied);
    },
  );

  test('the chosen backend decides: one of two admitted, connections to the Service end both ways', async () => {
    const policy = { pods: 'app=web', egress: [{ peers: ['app=api'], ports: [8080] }] };
    await lab.under([policy], async () => {
      for (const family of lab.families) {
        const ends = async (place: string): Promise<ReadonlySet<string>> => {
          const dials = Array.from({ length: 16 }, () => lab.probe(`web > ${place}:80`, family, 'blocked'));
          return new Set(await Promise.all(dials));
        };
        expect(await ends('svc/api')).toEqual(new Set(['connected', 'blocked']));
        // 16 times the same backend by chance: once in 2^15. A busy machine may be silent where it should not.
        let sticky = await ends('svc/sticky');
        for (let turn = 1; turn < 10 && sticky.size > 1; turn += 1) sticky = await ends('svc/sticky');
        expect(sticky.size).toBe(1);
      }
    });
  });

  test('a pod that comes, is not ready, is ready again and goes', async () => {
    const dials = ['web > svc/nobody:80', 'internet > node-b:30084'];
    await lab.expect({ refused: dials });
    const late = pod('late', 'node-b', { app: 'nobody' }, [{ name: 'http', containerPort: 7000 }]);
    await lab.create(PODS, late);
    await lab.synced();
    await lab.expect({ connected: dials });
    const ready = async (status: string): Promise<void> => {
      const conditions = [{ type: 'Ready', status }];
      expect(await lab.inside.api('PATCH', `${PODS}/late/status`, { status: { conditions } })).toMatchObject({
        status: 200,
      });
      await lab.synced();
    };
    await ready('False');
    await lab.expect({ refused: dials });
    await ready('True');
    await lab.expect({ connected: dials });
    await lab.inside.api('DELETE', `${PODS}/late`);
    await lab.synced();
    await lab.expect({ refused: dials });
  });

  test('a pod whose labels change joins and leaves', async () => {
    const dials = ['web > svc/nobody:80'];
    const relabel = async (app: string): Promise<void> => {
      await lab.inside.api('PATCH', `${PODS}/far`, { metadata: { labels: { app } } });
      await lab.synced();
    };
    await lab.expect({ refused: dials });
    await relabel('nobody');
    await lab.expect({ connected: dials });
    await relabel('api');
    await lab.expect({ refused: dials });
  });

  test('a Service that changes and goes', async () => {
    const address = '10.96.77.77';
    const spec = { clusterIP: address, selector: { at: 'near' }, ports: [{ port: 80, targetPort: 8080 }] };
    const ends = async (port: number, expected: string): Promise<void> => {
      const to = { address, port, protocol: 'TCP' } as const;
      expect(await dial(lab.inside, { from: { pod: 'shop/web' }, to }, expected)).toBe(expected);
    };
    await lab.create(SERVICES, service('short', { ...spec, ipFamilyPolicy: 'SingleStack' }));
    await lab.synced();
    await ends(80, 'connected');
    await lab.inside.api('PATCH', `${SERVICES}/short`, { spec: { ports: [{ port: 81, targetPort: 8080 }] } });
    await lab.synced();
    await ends(80, 'refused');
    await ends(81, 'connected');
    await lab.inside.api('DELETE', `${SERVICES}/short`);
    await lab.synced();
    await ends(81, 'blocked');
  });

  test('a Service without a selector has the endpoints that EndpointSlices give it', async () => {
    const dials = ['web > svc/by-hand:80'];
    await lab.expect({ refused: dials });
    const slices = lab.families.map((family) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `by-hand-${family}`, labels: { 'kubernetes.io/service-name': 'by-hand' } },
      addressType: `IPv${family}`,
      ports: [{ name: 'http', port: 8081, protocol: 'TCP' }],
      endpoints: [{ addresses: [lab.addressOf('far', family)] }],
    }));
    for (const slice of slices) await lab.create(SLICES, slice);
    await lab.synced();
    const egressTo = (port: number) => [{ pods: 'app=web', egress: [{ peers: ['app=api'], ports: [port] }] }];
    await lab.judges(egressTo(8081), dials, []);
    await lab.judges(egressTo(8080), [], dials);
    for (const { metadata } of slices) await lab.inside.api('DELETE', `${SLICES}/${metadata.name}`);
    await lab.synced();
    await lab.expect({ refused: dials });
  });

  test('the state says that the nodes forward what is stored', async () => {
    const { nodes } = await lab.inside.client.state();
    expect(nodes.map(({ services }) => services)).toEqual(
      nodes.map(() => ({ inSync: true, waitingFor: null })),
    );
  });

  test("forwarding has a table of its own beside policyd's", async () => {
    const tables = await sh('nsenter --net=/run/netns/node-b nft list tables');
    expect(tables.trim().split('\n')).toEqual(
      expect.arrayContaining(['table inet lab_proxy', 'table inet policyd']),
    );
  });
});

/** The routed one of IPv4 is everybody's first lab, and under test in many places. */
test.each([
  ['routed', 6],
  ['bridge', 4],
  ['bridge', 6],
] as const)('%s with IPv%d alone: the same directions are open and closed', async (topology, family) => {
  const lab = await ServiceLab.start({ topology, ipFamily: `ipv${family}` });
  try {
    expect(lab.families).toEqual([family]);
    const closed = DIRECTIONS.filter((each) => !NEVER_DENIED.includes(each));
    await lab.judges([CLOSED], NEVER_DENIED, closed);
  } finally {
    await lab.inside.stop();
  }
});
