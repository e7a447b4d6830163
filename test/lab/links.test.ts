/**
 * What is under TCP and UDP: ARP and neighbour discovery on a bridge, and the ICMP errors from which a sender
 * learns the path's MTU. Both must work however tightly pods are closed. Needs `make build` first.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { POD_BRIDGE, podLinkName } from '../../src/lab/network/plan.ts';
import { TOPOLOGIES } from '../../src/lab/network/topology.ts';
import { FAR_MS } from '../kit/waiting.ts';
import { identities, installFor } from './launch-programs.ts';
import { CLOSED } from './service-cases.ts';
import { type Family, OBJECTS, type Policy, type Raw, ServiceLab } from './service-lab.ts';

const BYTES = 1_000_000;
/** Of a transfer that gets on; one that is stuck gets to it. */
const PATIENCE_MS = FAR_MS;
/** Above the least that IPv6 demands of every link (1,280), below what pods are told of (1,500). */
const NARROW = 1_300;

/** Web may speak to the api and to the internet's web, the api may be asked by web and by the internet. */
const RULES: readonly Policy[] = [
  CLOSED,
  { pods: 'app=web', egress: [{ peers: ['app=api'] }, { peers: ['internet'], ports: [80] }] },
  { pods: 'app=api', ingress: [{ peers: ['app=web', 'internet'] }] },
];

const WEB = { podSelector: { matchLabels: { app: 'web' } } };
const API = { podSelector: { matchLabels: { app: 'api' } } };

/** Much the same, as objects for kubectl. */
const POLICIES: readonly Raw[] = [
  { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  { ...WEB, policyTypes: ['Egress'], egress: [{ to: [API] }, { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] },
  {
    ...API,
    ingress: [{ from: [WEB], ports: [{ port: 'http' }] }, { from: [{ ipBlock: { cidr: '::/0' } }] }],
  },
].map((spec, index) => {
  const metadata = { namespace: 'shop', name: `policy-${index}` };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
});

interface Narrow {
  /** null: between nodes and the internet. */
  readonly router: string | null;
  readonly device: string;
  readonly place: string;
}

interface Path {
  /** From where, to what place and port. */
  readonly transfer: readonly [string, string, number];
  readonly narrow: Narrow;
  /** Who learns the path MTU, and towards what. */
  readonly learns: readonly [string, string];
}

describe.each(TOPOLOGIES)('%s, two nodes, dual stack', (topology) => {
  let lab: ServiceLab;
  beforeAll(async () => {
    lab = await ServiceLab.start({ topology });
  });
  afterAll(() => lab.inside.stop());

  const inside = async (netns: string, line: string): Promise<string> =>
    (await lab.inside.sh(`nsenter --net=/run/netns/${netns} ${line}`)).trim();

  /** How many of the bytes sent come back. */
  async function transfer(netns: string, place: string, port: number, family: Family): Promise<number> {
    const program = new URL('transfer.mjs', import.meta.url).pathname;
    const target = `${lab.addressOf(place, family)} ${port} ${BYTES} ${PATIENCE_MS}`;
    return Number(await inside(netns, `${process.execPath} ${program} ${target}`));
  }

  /** The path MTU that a host has learnt towards an address; null: none. */
  async function learnt(netns: string, place: string, family: Family): Promise<number | null> {
    const route = await inside(netns, `ip route get ${lab.addressOf(place, family)}`);
    const [, mtu] = / mtu (\d+)/.exec(route) ?? [];
    return mtu === undefined ? null : Number(mtu);
  }

  /** Runs with a router's link towards a place narrower than any host was told. */
  async function narrowed(
    { router, device, place }: Narrow,
    family: Family,
    use: () => Promise<void>,
  ): Promise<void> {
    const address = `${lab.addressOf(place, family)}/${family === 4 ? 32 : 128}`;
    const replace = async (mtu: string): Promise<void> => {
      const command = `ip route replace ${address} dev ${device} ${mtu}`;
      await (router === null ? lab.inside.sh(command) : inside(router, command));
    };
    // Locked, so that it limits what is forwarded, too.
    await replace(`mtu lock ${NARROW}`);
    try {
      await use();
    } finally {
      await replace('');
    }
  }

  const farDevice = topology === 'bridge' ? POD_BRIDGE : podLinkName('shop', 'far');
  const paths: readonly (readonly [string, Path])[] = [
    [
      'a pod that sends out',
      {
        transfer: ['shop_web', 'internet', 80],
        narrow: { router: null, device: 'external', place: 'internet' },
        learns: ['shop_web', 'internet'],
      },
    ],
    [
      'a pod that answers a client of its hostPort',
      {
        transfer: ['external', 'node-a', 9090],
        narrow: { router: null, device: 'external', place: 'internet' },
        learns: ['shop_near', 'internet'],
      },
    ],
    [
      'a pod that sends to a Service, with its backend on another node',
      {
        transfer: ['shop_web', 'svc/far', 80],
        narrow: { router: 'node-b', device: farDevice, place: 'far' },
        learns: ['shop_web', 'svc/far'],
      },
    ],
  ];

  test.each(paths)(
    'path MTU: %s learns it under default deny, and all its bytes arrive',
    async (_title, path) => {
      await lab.under(RULES, async () => {
        for (const family of lab.families) {
          expect(await learnt(...path.learns, family)).toBe(null);
          await narrowed(path.narrow, family, async () => {
            expect(await transfer(...path.transfer, family)).toBe(BYTES);
          });
          expect(await learnt(...path.learns, family)).toBe(NARROW);
        }
      });
    },
  );

  if (topology === 'bridge') {
    const flush = async (): Promise<void> => {
      const everywhere = ['web', 'stranger', 'near', 'far'].map((name) => `shop_${name}`);
      for (const netns of [...everywhere, 'node-a', 'node-b']) await inside(netns, 'ip neigh flush all');
    };
    const neighbour = async (netns: string, place: string, family: Family): Promise<string | null> => {
      const line = await inside(netns, `ip neigh show to ${lab.addressOf(place, family)}`);
      return / lladdr (\S+)/.exec(line)?.[1] ?? null;
    };

    test('neighbours on the bridge find each other under default deny, and only policy decides', async () => {
      await lab.under(RULES, async () => {
        await flush();
        expect(await neighbour('shop_stranger', 'near', 4)).toBe(null);
        expect(await neighbour('shop_stranger', 'near', 6)).toBe(null);
        await lab.expect({
          connected: ['web > near:8080', 'web > svc/near:80', 'web > far:8081', 'node-a > near:8080'],
          blocked: ['stranger > near:8080', 'near > stranger:80', 'stranger > internet:80'],
        });
        // Also those between whom nothing but that may pass.
        const mac = / link\/ether (\S+)/.exec(await inside('shop_near', 'ip link show eth0'))?.[1];
        expect(mac).toMatch(/^02:/);
        expect(await neighbour('shop_stranger', 'near', 4)).toBe(mac);
        expect(await neighbour('shop_stranger', 'near', 6)).toBe(mac);
      });
    });

    test('neighbour discovery between pods does cross the hook of policyd: who drops it there cuts IPv6', async () => {
      const chain = '{ type filter hook forward priority -20; icmpv6 type nd-neighbor-solicit drop; }';
      await inside('node-a', `nft 'add table inet deaf; add chain inet deaf hear ${chain}'`);
      try {
        await flush();
        expect(await lab.probe('web > near:8080', 4, 'connected')).toBe('connected');
        expect(await lab.probe('web > near:8080', 6, 'blocked')).toBe('blocked');
      } finally {
        await inside('node-a', 'nft delete table inet deaf');
      }
      await lab.expect({ connected: ['web > near:8080'] });
    });
  }
});

test.each(identities)('policies, kernel and packets agree on a bridge, as $name', async (identity) => {
  const programs = await installFor(identity);
  try {
    const steps = [
      'policyctl matrix --probe --timeout 300ms',
      'policyctl explain shop/web svc/shop/near:80',
      'policyctl explain shop/far shop/near:8080',
    ];
    const script = steps.map((step) => `${step} 2>&1; echo "status $?"`).join('\n');
    const options = ['--topology', 'bridge', '--nodes', '2', '-f', '-'];
    const objects = [...OBJECTS, ...POLICIES].map((object) => `---\n${JSON.stringify(object)}\n`);
    const { all, exitCode } = await programs.run(['lab', 'run', '-q', ...options, '--', 'sh', '-c', script], {
      input: objects.join(''),
    });
    expect(exitCode, all).toBe(0);
    const [matrix = '', admitted = '', denied = ''] = all.split(/(?<=status \d+)\n/);
    expect(matrix).toMatch(/\n(\d+) cells, \1 agree\nstatus 0$/);
    expect(matrix).toMatch(/ X /);
    expect(admitted).toMatch(/^ALLOWED [\s\S]*\nkernel on node-a {3}agrees, in sync\n[\s\S]*status 0$/);
    expect(denied).toMatch(/^DENIED [\s\S]*\nkernel on node-b {3}agrees, in sync\n[\s\S]*status 1$/);
  } finally {
    await programs.remove();
  }
});
