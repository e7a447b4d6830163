/** What others have beside our tables is named, and with a way past the rules policyd is not ready. */
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { namespace, node, pod, TestCluster } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { NftShim } from './nft-shim.ts';

let sandbox: Sandbox;
let cluster: TestCluster;
let agent: AgentProcess;

beforeEach(async () => {
  sandbox = await createSandbox();
  cluster = new TestCluster();
  await cluster.open(sandbox);
  cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
  cluster.put('namespaces', namespace('shop'));
  cluster.put('pods', pod('api', '10.244.1.11'));
});

afterEach(async () => {
  await agent.end('SIGKILL');
  await cluster.close();
  await sandbox.close();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  agent = await AgentProcess.start(sandbox, { env });
  await agent.inSync(cluster.version);
}

async function nft(command: string): Promise<void> {
  const { exitCode, stderr } = await sandbox.run('nft', [command]);
  if (exitCode !== 0) throw new Error(stderr);
}

test("others' base chains are named in the order of the hooks, as they come and go, and ours are not", async () => {
  await nft(
    'add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; }; add table inet fw; add chain inet fw out { type filter hook output priority 0; }; add chain inet fw raw { type filter hook prerouting priority -300; }',
  );
  await start();
  const raw = {
    family: 'inet',
    table: 'fw',
    name: 'raw',
    hook: 'prerouting',
    priority: -300,
    policy: 'accept',
  };
  await agent.until(({ otherChains }) => otherChains?.length === 1);
  expect((await agent.status()).otherChains).toEqual([raw]);
  await nft(
    'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
  );
  const { otherChains, ready } = await agent.until((status) => status.otherChains?.length === 2);
  expect(otherChains).toEqual([
    raw,
    { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', priority: 0, policy: 'drop' },
  ]);
  expect(ready).toBe(true);
  await nft('delete table ip filter');
  await agent.until((status) => status.otherChains?.length === 1);
});

test('where they cannot be looked at, that is said, and nothing is made up', async () => {
  const shim = await NftShim.create(sandbox);
  await shim.all('case "$*" in *chains*) kill -SEGV $$;; *) real "$@";; esac');
  await start(shim.env);
  expect(await agent.status()).toMatchObject({ ready: true, otherChains: null });
  expect(agent.log().map(({ msg }) => msg)).toContainEqual(
    expect.stringMatching(
      /^other tables of this node cannot be looked at: nft could not list chains: .*SIGSEGV/,
    ),
  );
});

/** Few kernels that run tests have the module; this is what nft 1.0.6 prints of one. */
test("with somebody's flowtable policyd is not ready until it is gone", async () => {
  const shim = await NftShim.create(sandbox);
  const flowtable = {
    family: 'inet',
    name: 'ft',
    table: 'fw',
    handle: 1,
    hook: 'ingress',
    prio: 0,
    dev: ['eth0', 'v1'],
  };
  await writeFile(shim.file('answer'), JSON.stringify({ nftables: [{ metainfo: {} }, { flowtable }] }));
  await shim.all(`case "$*" in *flowtables*) cat ${shim.file('answer')};; *) real "$@";; esac`);
  await start(shim.env);
  const { degraded } = await agent.until((status) => !status.ready);
  expect(degraded).toEqual([
    {
      code: 'PATH_UNJUDGED',
      message: expect.stringContaining('flowtable ft of table inet fw on eth0, v1 skip'),
    },
  ]);
  await shim.remove();
  await nft('add table inet fw');
  await agent.until(({ ready }) => ready);
});

test('with the link of kube-proxy in IPVS mode policyd is not ready until it is gone', async () => {
  await sandbox.run('ip', ['link', 'add', 'kube-ipvs0', 'type', 'bridge']);
  await start();
  const { degraded } = await agent.until((status) => !status.ready);
  expect(degraded).toEqual([
    {
      code: 'PATH_UNJUDGED',
      message: expect.stringMatching(/^Services are forwarded by IPVS \(the link kube-ipvs0\)/),
    },
  ]);
  await sandbox.run('ip', ['link', 'del', 'kube-ipvs0']);
  await nft('add table inet fw');
  await agent.until(({ ready }) => ready);
});
