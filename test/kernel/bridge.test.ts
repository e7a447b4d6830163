/**
 * Pods on a bridge, with real frames: what policies deny does not pass in whatever wrapping, what a link
 * needs to work does, and policyd keeps the bridge's frames in the rules' hands.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { POLICYD } from '../kit/built.ts';
import { rulesetOf } from '../kit/sandbox.ts';
import { untilSeen } from '../kit/waiting.ts';
import { namespace, node, pod, TestCluster } from './agent-cluster.ts';
import { AgentProcess, watchWrites } from './agent-process.ts';
import { attacks, disguises, neighbourAttacks, neighbourTraffic, routerLies } from './bridge-attacks.ts';
import { BridgeNet, bridgePod, type Heard, OUTSIDE } from './bridge-net.ts';

const WEB = bridgePod('web', 10);
const API = bridgePod('api', 11);
const DB = bridgePod('db', 12);
const PODS = [WEB, API, DB];

let net: BridgeNet;
let cluster: TestCluster;
let agent: AgentProcess;
let atApi: Heard;
let atDb: Heard;

beforeAll(async () => {
  net = await BridgeNet.create();
  cluster = new TestCluster();
  await cluster.open(net.sandbox);
  cluster.put('nodes', node('node-a', ['10.244.1.0/24', 'fd00:10:244:1::/64']));
  cluster.put('namespaces', namespace('shop'));
  agent = await AgentProcess.start(net.sandbox);
});
afterAll(async () => {
  await agent.end('SIGKILL');
  await cluster.close();
  await net.close();
});

async function inSync(): Promise<void> {
  await agent.inSync(cluster.version);
}

async function during<T>(policies: readonly object[], use: () => Promise<T>): Promise<T> {
  const named = policies.map((spec, index) => ({ metadata: { namespace: 'shop', name: `p${index}` }, spec }));
  for (const each of named) cluster.put('networkpolicies', each);
  await inSync();
  try {
    return await use();
  } finally {
    for (const { metadata } of named) cluster.remove('networkpolicies', 'shop', metadata.name);
    await inSync();
  }
}

const app = (name: string): object => ({ matchLabels: { app: name } });
const noIngress = (name: string): object => ({ podSelector: app(name), policyTypes: ['Ingress'] });
const noEgress = (name: string): object => ({ podSelector: app(name), policyTypes: ['Egress'] });
const everything = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

const names = (frames: ReadonlyMap<string, Buffer>): readonly string[] => [...frames.keys()];
let rounds = 0;
function round(): string {
  rounds += 1;
  return String(rounds);
}

test('the bridge that comes with the first pod is found, and its frames pass the rules', async () => {
  await inSync();
  expect(await agent.status()).toMatchObject({ ready: true, bridges: [], bridgeRepairs: 0 });
  await net.addBridge(PODS);
  const { bridges, ready, degraded } = await agent.until((status) => status.bridges.length > 0);
  expect({ bridges, ready, degraded }).toEqual({
    bridges: [{ name: 'cni0', filtered: { ipv4: true, ipv6: true } }],
    ready: true,
    degraded: [],
  });
  // Of this bridge alone: others are left as they are.
  expect(
    (
      await net.sh(
        'cat /sys/class/net/cni0/bridge/nf_call_ip*tables /proc/sys/net/bridge/bridge-nf-call-ip*tables',
      )
    ).split('\n'),
  ).toEqual(['1', '1', '0', '0']);
  for (const { name, ipv4, ipv6 } of PODS) {
    const { metadata, spec } = pod(name, ipv4);
    cluster.put('pods', {
      metadata,
      spec,
      status: { phase: 'Running', podIP: ipv4, podIPs: [{ ip: ipv4 }, { ip: ipv6 }] },
    });
  }
  await inSync();
  atApi = await net.listen(API);
  atDb = await net.listen(DB);
  for (const name of ['web', 'api', 'db']) await net.serve(name);
});

/** Without what policyd writes on every bridge, policies or none, and nobody there to put it right. */
async function bare<T>(work: () => Promise<T>): Promise<T> {
  await agent.end('SIGTERM');
  await net.sh('nft flush chain inet policyd bridge_hook; nft delete table inet policyd_sources');
  try {
    return await work();
  } finally {
    agent = await AgentProcess.start(net.sandbox);
    await inSync();
  }
}

describe('where no policy is', () => {
  test('what only routers may say does not pass between pods, and does where policyd has written nothing', async () => {
    expect(await net.reaching(WEB, atDb, routerLies(WEB, DB, round()))).toEqual([]);
    const frames = routerLies(WEB, DB, round());
    expect(await bare(() => net.reaching(WEB, atDb, frames))).toEqual(
      names(frames).filter((name) => name !== 'IPv4 redirect'),
    );
  });

  test.each([
    ['data of all kinds', attacks],
    ['neighbour discovery with data', neighbourAttacks],
    ['frames in disguise', disguises],
    ['neighbour discovery', neighbourTraffic],
  ])('%s reaches every pod: the control of all that follows', async (_, make) => {
    const frames = make(WEB, DB, round());
    expect(await bare(() => net.reaching(WEB, atDb, frames))).toEqual(names(frames));
  });
});

describe('a pod without ingress', () => {
  test('hears nothing but neighbour discovery; the others on the bridge hear each other', async () => {
    await during([noIngress('db')], async () => {
      expect(await net.reaching(WEB, atDb, attacks(WEB, DB, round()))).toEqual([]);
      expect(await net.reaching(WEB, atDb, neighbourAttacks(WEB, DB, round()))).toEqual([]);
      expect(await net.reaching(WEB, atDb, disguises(WEB, DB, round()))).toEqual([]);
      const neighbours = neighbourTraffic(WEB, DB, round());
      expect(await net.reaching(WEB, atDb, neighbours)).toEqual(names(neighbours));
      expect(await net.reaching(WEB, atApi, attacks(WEB, API, round()))).toEqual(['IPv4', 'IPv6']);
    });
  });
});

describe('a pod without egress', () => {
  test('says nothing but neighbour discovery', async () => {
    await during([noEgress('web')], async () => {
      expect(await net.reaching(WEB, atDb, attacks(WEB, DB, round()))).toEqual([]);
      expect(await net.reaching(WEB, atDb, neighbourAttacks(WEB, DB, round()))).toEqual([]);
      expect(await net.reaching(WEB, atDb, disguises(WEB, DB, round()))).toEqual([]);
      const neighbours = neighbourTraffic(WEB, DB, round());
      expect(await net.reaching(WEB, atDb, neighbours)).toEqual(names(neighbours));
    });
  });
});

describe.each(['ipv4', 'ipv6'] as const)('connections, %s', (family) => {
  const opened = async (from: string, to: string, expected: 'connected' | 'blocked'): Promise<string> =>
    (await net.fetch(from, to, expected)).opened;

  test('are judged between pods of one bridge, replies with them', async () => {
    expect([
      await opened('web', DB[family], 'connected'),
      await opened('web', API[family], 'connected'),
    ]).toEqual(['connected', 'connected']);
    await during([noIngress('db'), noEgress('api')], async () => {
      expect([
        await opened('web', DB[family], 'blocked'),
        await opened('web', API[family], 'connected'),
        await opened('db', API[family], 'connected'),
        await opened('api', DB[family], 'blocked'),
      ]).toEqual(['blocked', 'connected', 'connected', 'blocked']);
    });
  });

  test('I5: that are open are cut by the policy that denies them, and live on without it', async () => {
    const [cut, kept] = [await net.fetch('web', DB[family]), await net.fetch('web', API[family])];
    expect([await cut.ask(10), await kept.ask(10)]).toEqual(['answered', 'answered']);
    await during([noIngress('db')], async () => {
      expect([await cut.ask(10, 'silent'), await kept.ask(10)]).toEqual(['silent', 'answered']);
    });
  });

  test('a router’s word that packets are too big reaches a pod that may answer one host only', async () => {
    const cidr = `${OUTSIDE[family]}/${family === 'ipv4' ? 32 : 128}`;
    const answers = {
      podSelector: app('web'),
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ ipBlock: { cidr } }] }],
    };
    await during([answers], async () => {
      const connection = await net.fetch('outside', WEB[family]);
      expect([connection.opened, await connection.ask(200_000)]).toEqual(['connected', 'answered']);
      expect(await net.sh(`ip -n web route get ${OUTSIDE[family]}`)).toContain('mtu 1300');
      expect(await opened('api', WEB[family], 'blocked')).toBe('blocked');
    });
  });
});

describe('under deny-all', () => {
  test('pods resolve each other and the node by ARP and neighbour discovery', async () => {
    await during([everything], async () => {
      await net.sh('ip -n web neigh flush dev eth0');
      for (const target of [DB.ipv4, DB.ipv6, '10.244.1.1', 'fd00:10:244:1::1']) {
        const resolved = new RegExp(`^${target} lladdr`, 'm');
        await untilSeen(
          `the address of ${target}`,
          async () => {
            await net.fetch('web', target, 'blocked');
            return await net.sh('ip -n web neigh show dev eth0');
          },
          (found) => resolved.test(found),
        );
      }
    });
  });

  test('an address that another pod has is found to be taken, and a free one is not', async () => {
    await during([everything], async () => {
      await net.sh(
        `ip -n web addr add ${DB.ipv6}/64 dev eth0; ip -n web addr add fd00:10:244:1::99/64 dev eth0`,
      );
      const addresses = await untilSeen(
        'the end of duplicate address detection',
        async () => await net.sh('ip -n web -6 addr show dev eth0'),
        (text) => !text.split('\n').some((line) => /tentative/.test(line) && !/dadfailed/.test(line)),
      );
      expect(addresses).toMatch(new RegExp(`${DB.ipv6}/64 .*dadfailed`));
      expect(addresses).toMatch(/fd00:10:244:1::99\/64 scope global \n/);
      await net.sh(
        `ip -n web addr del ${DB.ipv6}/64 dev eth0; ip -n web addr del fd00:10:244:1::99/64 dev eth0`,
      );
    });
  });
});

test('when somebody takes the frames away from the rules, that is repaired, counted and logged', async () => {
  const off = 'for f in /sys/class/net/cni0/bridge/nf_call_ip*tables; do echo 0 > $f; done';
  await during([noIngress('db')], async () => {
    // The control: switched off while policyd does not look, everything passes.
    await agent.pause(async () => {
      await net.sh(off);
      expect(await net.reaching(WEB, atDb, attacks(WEB, DB, round()))).toContain('IPv4');
    });
    await agent.until(({ bridgeRepairs }) => bridgeRepairs === 2);
    expect(await net.reaching(WEB, atDb, attacks(WEB, DB, round()))).toEqual([]);
    const said = agent.log().filter(({ code, level }) => code === 'BRIDGE_UNFILTERED' && level === 'warn');
    expect(said.map(({ msg }) => msg)).toEqual([
      'IPv4 frames of bridge cni0 had been taken away from the rules; repaired',
      'IPv6 frames of bridge cni0 had been taken away from the rules; repaired',
    ]);
  });
});

test('where it may not write it is not ready, names the command, and is ready once that has been run', async () => {
  const readOnly =
    'mount -o remount,bind,ro /sys; mount --bind /proc/sys/net /proc/sys/net; mount -o remount,bind,ro /proc/sys/net';
  await net.sh(`mount --bind /sys /sys; ${readOnly}`);
  try {
    await net.sh('ip link set cni0 type bridge nf_call_iptables 0');
    const { degraded, ready } = await agent.until((status) => !status.ready);
    expect({ ready, degraded }).toEqual({
      ready: false,
      degraded: [
        {
          code: 'BRIDGE_UNFILTERED',
          message: expect.stringMatching(
            /IPv4 .*bridge cni0.*EROFS.*run: ip link set cni0 type bridge nf_call_iptables 1$/,
          ),
        },
      ],
    });
    await net.sh(String(/run: (.*)$/.exec(degraded[0]?.message ?? '')?.[1]));
    expect(await agent.until((status) => status.ready)).toMatchObject({ degraded: [] });
  } finally {
    await net.sh('umount /proc/sys/net; umount /sys');
  }
});

test('what policyd leaves behind is all of its tables, which the next one adopts and cleanup removes', async () => {
  const ruleset = async (): Promise<string> => await rulesetOf(net.sandbox);
  await during([noIngress('db')], async () => {
    expect(await ruleset()).toContain('table bridge policyd');
    await agent.end('SIGTERM');
    expect(await net.reaching(WEB, atDb, disguises(WEB, DB, round()))).toEqual([]);
    const written = await watchWrites(net.sandbox);
    agent = await AgentProcess.start(net.sandbox);
    await inSync();
    expect(await written()).toBe('');
  });
  expect(await ruleset()).not.toContain('table bridge');
  await during([noIngress('db')], async () => {
    await agent.end('SIGTERM');
    const { stdout } = await net.sandbox.run(process.execPath, [POLICYD, 'cleanup']);
    expect(stdout).toMatch(
      /^removed table inet policyd \(.*\) and table bridge policyd and table inet policyd_sources; /,
    );
    expect(await ruleset()).toBe('');
    agent = await AgentProcess.start(net.sandbox);
  });
});
