import { existsSync } from 'node:fs';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../kit/sandbox.ts';
import { eventually } from '../kit/waiting.ts';
import { namespace, node, pod, policy, TestCluster } from './agent-cluster.ts';
import { AgentNode } from './agent-node.ts';
import { AgentProcess } from './agent-process.ts';
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

const start = (): Promise<AgentProcess> => here.start({ env: shim.env });
const inSync = (agent: AgentProcess): Promise<void> => here.inSync(agent);
const ruleset = (): Promise<string> => here.ruleset();
const reference = (): Promise<string> => here.reference();

async function appears(file: string): Promise<void> {
  await eventually(`${file} is there`, () => existsSync(file));
}

test('an error reported after the commit happened is recognised, and nothing is written twice', async () => {
  const agent = await start();
  await inSync(agent);
  const marker = shim.file('once');
  await shim.commits(
    `real "$@"; [ -e ${marker} ] && exit 0; touch ${marker}; echo "netlink: Error: No buffer space available" >&2; exit 1`,
  );
  cluster.put('pods', pod('third', '10.244.1.12'));
  await inSync(agent);
  expect(agent.log().map(({ code }) => code)).toContain('NFT_UNCERTAIN');
  expect(agent.commits()).toHaveLength(1);
  expect(await ruleset()).toBe(await reference());
});

test('nft killed in the middle: observed, tried again, and right in the end', async () => {
  const agent = await start();
  await inSync(agent);
  const marker = shim.file('once');
  await shim.commits(`[ -e ${marker} ] || { touch ${marker}; kill -9 $$; }; real "$@"`);
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  await inSync(agent);
  expect(agent.log().filter(({ code }) => code === 'NFT_UNCERTAIN')).toHaveLength(1);
  expect(await ruleset()).toBe(await reference());
});

test('nft that always refuses: degraded and not ready, the last ruleset stays, and it recovers', async () => {
  const agent = await start();
  await inSync(agent);
  const before = await ruleset();
  await shim.commits('echo "Error: Could not process rule: Device or resource busy" >&2; exit 1');
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  const degraded = await agent.until(({ ready }) => !ready);
  expect(degraded.degraded).toEqual([
    expect.objectContaining({
      code: 'NFT_REFUSED',
      message: expect.stringContaining('Device or resource busy'),
    }),
  ]);
  expect((await agent.get('/readyz')).text).toContain('NFT_REFUSED');
  expect((await agent.get('/healthz')).code).toBe(200);
  expect(await ruleset()).toBe(before);
  await shim.remove();
  cluster.put('pods', pod('third', '10.244.1.12'));
  await inSync(agent);
  expect(await agent.status()).toMatchObject({ ready: true, degraded: [], problems: [] });
});

test('nft that disappears is reported, and found again', async () => {
  const shims = shim.file('only');
  await mkdir(shims);
  for (const program of ['nft', 'nsenter']) {
    const { stdout } = await sandbox.run('sh', ['-c', `command -v ${program}`]);
    await symlink(stdout, join(shims, program));
  }
  const agent = await here.start({ env: { PATH: shims } });
  await inSync(agent);
  const before = await ruleset();
  await rename(join(shims, 'nft'), join(shims, 'away'));
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  const { degraded } = await agent.until(({ ready }) => !ready);
  expect(degraded[0]?.message).toContain('nft');
  expect(await ruleset()).toBe(before);
  await rename(join(shims, 'away'), join(shims, 'nft'));
  cluster.put('pods', pod('third', '10.244.1.12'));
  await inSync(agent);
  expect(await ruleset()).toBe(await reference());
});

test('kill -9 of the agent in the middle of a commit: whole table or none of it, and the next one converges', async () => {
  const agent = await start();
  await inSync(agent);
  const before = await ruleset();
  // nft itself survives its parent, and commits when that is gone.
  const [began, go, done] = [shim.file('began'), shim.file('go'), shim.file('done')];
  await shim.commits(`touch ${began}; until [ -e ${go} ]; do sleep 0.05; done; real "$@"; touch ${done}`);
  cluster.put('pods', pod('third', '10.244.1.12'));
  cluster.put('networkpolicies', policy('deny', 'third'));
  await appears(began);
  await agent.end('SIGKILL');
  expect(await ruleset()).toBe(before);
  await shim.remove();
  await writeFile(go, '');
  await appears(done);
  expect(await ruleset()).not.toBe(before);
  const next = await start();
  await inSync(next);
  await next.end('SIGTERM');
  expect(await ruleset()).toBe(await reference());
});

test('in a user namespace of its own a large first load is committed in steps', async () => {
  const inner = await createSandbox({ userNamespace: true });
  const far = new TestCluster();
  await far.open(inner);
  far.put('nodes', node('node-a', ['10.244.0.0/16']));
  far.put('namespaces', namespace('shop'));
  for (let index = 0; index < 400; index += 1) {
    far.put('pods', pod(`p${index}`, `10.244.${index >> 8}.${index & 255}`));
    far.put('networkpolicies', policy(`allow${index}`, `p${index}`, `p${(index + 1) % 400}`));
  }
  const agent = await AgentProcess.start(inner);
  try {
    const status = await agent.until(({ inSync }) => inSync);
    expect(status.degraded).toEqual([]);
    const [commit] = agent.commits();
    expect(commit?.operations).toBeGreaterThan(1_000);
    expect(commit?.batches).toBeGreaterThan(3);
  } finally {
    await agent.end('SIGTERM');
    await far.close();
    await inner.close();
  }
});
