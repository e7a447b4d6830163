/** Bad days of nft and the kernel, played by programs that stand before the real nft. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sandbox } from '../kit/sandbox.ts';
import { eventually } from '../kit/waiting.ts';
import { pod, policy, type TestCluster } from './agent-cluster.ts';
import { AgentNode } from './agent-node.ts';
import type { AgentProcess } from './agent-process.ts';
import { NftShim } from './nft-shim.ts';

let here: AgentNode;
let sandbox: Sandbox;
let cluster: TestCluster;
let shim: NftShim;

beforeEach(async () => {
  here = await AgentNode.open();
  ({ sandbox, cluster } = here);
  shim = await NftShim.create(sandbox);
});
afterEach(() => here.close());

const start = (...args: readonly string[]): Promise<AgentProcess> => here.start({ args, env: shim.env });
const inSync = (agent: AgentProcess): Promise<void> => here.inSync(agent);
const ruleset = (): Promise<string> => here.ruleset();
const reference = (): Promise<string> => here.reference();

/** Isolates the subject, and admits a block. */
function blockPolicy(name: string, subject: string, cidr: string): ReturnType<typeof policy> {
  const plain = policy(name, subject);
  return {
    ...plain,
    spec: {
      podSelector: { matchLabels: { app: subject } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ ipBlock: { cidr } }] }],
    },
  };
}

describe('at the start policyd ends with status 2 and says what to do', () => {
  async function refused(...args: readonly string[]): Promise<string> {
    const agent = await start(...args);
    expect(await agent.exit()).toBe(2);
    expect(await ruleset()).toBe('');
    return agent.stderr;
  }

  test('when nft is too old', async () => {
    await shim.all('case "$*" in --version) echo "nftables v0.9.8 (E.D.S.)";; *) real "$@";; esac');
    const text = await refused();
    expect(text).toContain('policyd: nft is version 0.9.8; policyd needs 1.0.6 or later');
    expect(text).toContain('Upgrade the package nftables');
  });

  test('when nft does not answer', async () => {
    await shim.all('exec sleep 1000');
    expect(await refused('--nft-timeout', '0.5')).toContain('nft --version did not end in 500 ms');
  });

  test('when it has no CAP_NET_ADMIN', async () => {
    const { stdout } = await sandbox.run('sh', ['-c', 'command -v nft']);
    await shim.all(`exec setpriv --bounding-set -net_admin --inh-caps -net_admin ${stdout} "$@"`);
    const text = await refused();
    expect(text).toContain('Operation not permitted');
    expect(text).toContain('nft needs CAP_NET_ADMIN in the network namespace it works in');
  });

  test.each([
    [
      'nftables itself',
      '"table"',
      'Protocol not supported',
      /lacks nftables with tables of family inet.*modprobe nf_tables/s,
    ],
    [
      'connection tracking',
      '"ct"',
      'No such file or directory',
      /lacks connection tracking in rules.*modprobe nf_conntrack && modprobe nft_ct/s,
    ],
    [
      'ranges in concatenations',
      '"interval"',
      'Operation not supported',
      /lacks sets of concatenated ranges \(Linux 5\.6\)/,
    ],
    ['verdict maps', '"map"', 'Operation not supported', /lacks verdict maps/],
  ])('when the kernel has no %s', async (_, text, words, expected) => {
    await shim.refusing(text, words);
    const said = await refused();
    expect(said).toMatch(expected);
    expect(said).toContain(words);
  });
});

test('nft that hangs is given up, reported, and the last ruleset stays until it works again', async () => {
  // Time enough for an nft that does not hang, on whatever machine.
  const agent = await start('--nft-timeout', '5');
  await inSync(agent);
  const before = await ruleset();
  await shim.commits('exec sleep 1000');
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  const { degraded } = await agent.until(({ ready }) => !ready);
  expect(degraded).toEqual([
    {
      code: 'NFT_UNCERTAIN',
      message: 'a commit ended in doubt, the kernel goes on enforcing: no answer in 5000 ms',
    },
  ]);
  expect(await ruleset()).toBe(before);
  await shim.remove();
  cluster.put('pods', pod('third', '10.244.1.12'));
  await inSync(agent);
  expect(await agent.status()).toMatchObject({ ready: true, degraded: [] });
  expect(await ruleset()).toBe(await reference());
});

test('nft that is slow, and fails every second time, gets there all the same', async () => {
  const agent = await start();
  await inSync(agent);
  // The control of the features above: this kernel has them all.
  expect(agent.stderr).not.toContain('could not check what the kernel knows');
  const odd = shim.file('odd');
  await shim.commits(
    `case "$*" in *-c*) real "$@"; exit;; esac
sleep 0.2
if [ -e ${odd} ]; then rm ${odd}; else touch ${odd}; echo "Error: Could not process rule: Device or resource busy" >&2; exit 1; fi
real "$@"`,
  );
  for (const name of ['api', 'web', 'api']) {
    cluster.put('networkpolicies', policy(`deny-${name}`, name, 'web'));
    await inSync(agent);
  }
  expect(agent.log().filter(({ code }) => code === 'NFT_REFUSED').length).toBeGreaterThan(1);
  expect(await agent.status()).toMatchObject({ ready: true, degraded: [], problems: [] });
  await shim.remove();
  expect(await ruleset()).toBe(await reference());
});

describe('what the kernel refuses of one policy', () => {
  const BAD = '203.0.113.0';

  test('closes its own pods, is reported once, and holds up nobody else', async () => {
    await shim.refusing(BAD, 'Invalid argument');
    cluster.put('networkpolicies', blockPolicy('bad', 'api', `${BAD}/24`));
    cluster.put('networkpolicies', blockPolicy('good', 'web', '198.51.100.0/24'));
    const agent = await start();
    await inSync(agent);
    const status = await agent.status();
    expect(status).toMatchObject({ ready: true, degraded: [] });
    expect(status.problems).toEqual([
      {
        object: 'NetworkPolicy shop/bad',
        message: expect.stringMatching(
          /^closed instead: the kernel refused "add set net_\w+ \(203\.0\.113\.0\/24\)": .*Invalid argument/,
        ),
      },
    ]);
    const rules = await ruleset();
    expect(rules).not.toContain(BAD);
    expect(rules).toContain('198.51.100.0');
    // Isolated, and only its own denial is left in its rules.
    expect(rules).toMatch(/10\.244\.1\.11 : goto in_/);
    expect(rules.match(/shop\/bad:ingress/g)).toBeNull();
    expect(rules.match(/shop\/good:ingress/g)).toHaveLength(1);

    // Later changes go their way.
    cluster.put('pods', pod('third', '10.244.1.12', { app: 'web' }));
    await inSync(agent);
    expect(await ruleset()).toMatch(/10\.244\.1\.12 : goto in_/);
    expect(agent.log().filter(({ object }) => object === 'NetworkPolicy shop/bad')).toHaveLength(1);

    // Corrected, it counts at once.
    cluster.put('networkpolicies', blockPolicy('bad', 'api', '192.0.2.0/24'));
    await inSync(agent);
    expect(await agent.status()).toMatchObject({ ready: true, problems: [] });
    await shim.remove();
    expect(await ruleset()).toBe(await reference());
  });

  test('is found among several that are bad, while all others are committed', async () => {
    await shim.commits(
      `grep -qE '203\\.0\\.113\\.[0-9]+' "$file" && { echo "Error: Could not process rule: Invalid argument" >&2; exit 1; }\nreal "$@"`,
    );
    const agent = await start();
    await inSync(agent);
    for (const index of [0, 1, 2]) {
      cluster.put('networkpolicies', blockPolicy(`bad${index}`, 'api', `203.0.113.${index * 8}/29`));
      cluster.put('networkpolicies', blockPolicy(`good${index}`, 'api', `198.51.100.${index * 8}/29`));
    }
    await inSync(agent);
    const { problems, degraded } = await agent.status();
    expect(degraded).toEqual([]);
    expect(problems.map(({ object }) => object)).toEqual(
      [0, 1, 2].map((index) => `NetworkPolicy shop/bad${index}`),
    );
    const rules = await ruleset();
    expect(rules.match(/shop\/good\d:ingress/g)).toHaveLength(3);
    expect(rules.match(/shop\/bad\d:ingress/g)).toBeNull();
  });

  test('one address that is refused is left out, and the other peers are admitted', async () => {
    await shim.refusing('"10.244.2.66"', 'Invalid argument');
    cluster.put('pods', pod('far1', '10.244.2.65', { node: 'node-b', app: 'far' }));
    cluster.put('pods', pod('far2', '10.244.2.66', { node: 'node-b', app: 'far' }));
    cluster.put('pods', pod('far3', '10.244.2.67', { node: 'node-b', app: 'far' }));
    cluster.put('networkpolicies', policy('p', 'api', 'far'));
    const agent = await start();
    await inSync(agent);
    expect((await agent.status()).problems).toEqual([
      {
        object: 'NetworkPolicy shop/p',
        message: expect.stringContaining('add element 10.244.2.66 to peer_'),
      },
    ]);
    const rules = await ruleset();
    expect(rules).toMatch(/10\.244\.2\.65,\s+10\.244\.2\.67/);
    expect(rules).not.toContain('10.244.2.66');
  });
});

test('without nft on PATH it says how to install it', async () => {
  const bare = join(sandbox.directory, 'bare');
  await mkdir(bare);
  const { stdout } = await sandbox.run('sh', ['-c', 'command -v nsenter']);
  await symlink(stdout, join(bare, 'nsenter'));
  const agent = await here.start({ env: { PATH: bare } });
  expect(await agent.exit()).toBe(2);
  expect(agent.stderr).toContain('apt-get install nftables');
});

describe('a full disk', () => {
  /** Takes no more than a page, and that is taken. */
  async function full(sandbox: Sandbox, directory: string): Promise<void> {
    const { exitCode, stderr } = await sandbox.run('sh', [
      '-ec',
      `mkdir -p ${directory}; mount -t tmpfs -o size=4k tmpfs ${directory}; head -c 4096 /dev/zero > ${directory}/taken`,
    ]);
    if (exitCode !== 0) throw new Error(stderr);
  }

  test('is no reason not to enforce; where nothing takes a file, the start ends and names each place', async () => {
    const own = await AgentNode.open(undefined, { mounts: true });
    const env = { TMPDIR: '/mnt' };
    try {
      own.cluster.put('networkpolicies', policy('deny', 'api'));
      await full(own.sandbox, '/mnt');
      const agent = await own.start({ env });
      await own.inSync(agent);
      expect(await agent.status()).toMatchObject({ ready: true, degraded: [] });
      await full(own.sandbox, '/dev/shm');
      await full(own.sandbox, '/run');
      own.cluster.put('pods', pod('third', '10.244.1.12'));
      await agent.until(({ degraded }) =>
        degraded.some(({ code, message }) => code === 'NFT_REFUSED' && message.includes('/dev/shm: ENOSPC')),
      );
      await agent.end('SIGTERM');
      const late = await own.start({ env });
      expect(await late.exit()).toBe(2);
      expect(late.stderr).toMatch(
        /^policyd: no place for a file .*\/dev\/shm: ENOSPC.*\/run: ENOSPC.*\/mnt: ENOSPC/m,
      );
      expect(late.stderr).toContain('mount one at /dev/shm or /run, or set TMPDIR');
    } finally {
      await own.close();
    }
  });
});

test('nft that says it has committed, and has not, is not believed for long', async () => {
  const agent = await start();
  await inSync(agent);
  const before = await ruleset();
  await shim.commits('exit 0');
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  await agent.until(({ repairs }) => repairs > 0);
  expect(await ruleset()).toBe(before);
  await shim.remove();
  await eventually('it is committed in truth', async () => (await ruleset()) !== before);
  await inSync(agent);
  expect(await ruleset()).toBe(await reference());
});
