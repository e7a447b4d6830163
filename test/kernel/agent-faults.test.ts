import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { namespace, node, pod, policy, TestCluster } from './agent-cluster.ts';
import { AgentProcess } from './agent-process.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';

let sandbox: Sandbox;
let cluster: TestCluster;
let agents: AgentProcess[];
let shims: string;

beforeEach(async () => {
  agents = [];
  sandbox = await createSandbox();
  shims = join(sandbox.directory, 'shims');
  await mkdir(shims);
  cluster = new TestCluster();
  await cluster.open(sandbox);
  cluster.put('nodes', node('node-a', ['10.244.1.0/24']));
  cluster.put('namespaces', namespace('shop'));
  cluster.put('pods', pod('web', '10.244.1.10'));
  cluster.put('pods', pod('api', '10.244.1.11'));
});

afterEach(async () => {
  for (const agent of agents) await agent.end('SIGKILL');
  await cluster.close();
  await sandbox.close();
});

async function start(): Promise<AgentProcess> {
  const agent = await AgentProcess.start(sandbox, { env: { PATH: `${shims}:${process.env.PATH ?? ''}` } });
  agents.push(agent);
  return agent;
}

/**
 * Stands before nft on the agent's PATH. `script` is what becomes of a commit; `real "$@"` runs nft; listing
 * and asking for the version always work.
 */
async function shim(script: string): Promise<void> {
  const { stdout } = await sandbox.run('sh', ['-c', 'command -v nft']);
  const text = `#!/bin/sh\nreal() { ${stdout} "$@"; }\ncase "$*" in *-f*) ;; *) exec ${stdout} "$@";; esac\n${script}\n`;
  const file = join(shims, 'nft.new');
  await writeFile(file, text);
  await chmod(file, 0o755);
  await sandbox.run('mv', [file, join(shims, 'nft')]);
}

async function inSync(agent: AgentProcess): Promise<void> {
  await agent.inSync(cluster.version);
}

async function ruleset(): Promise<string> {
  return (await sandbox.run('nft', ['-s', 'list', 'ruleset'])).stdout;
}

async function appears(file: string): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (existsSync(file)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${file} never appeared`);
}

/** What a healthy agent makes of the cluster as it is now, in a sandbox of its own. */
async function reference(): Promise<string> {
  const agent = await AgentProcess.start(sandbox);
  agents.push(agent);
  await inSync(agent);
  const text = await ruleset();
  await agent.end('SIGTERM');
  return text;
}

test('an error reported after the commit happened is recognised, and nothing is written twice', async () => {
  const agent = await start();
  await inSync(agent);
  const marker = join(sandbox.directory, 'once');
  await shim(
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
  const marker = join(sandbox.directory, 'once');
  await shim(`[ -e ${marker} ] || { touch ${marker}; kill -9 $$; }; real "$@"`);
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
  await inSync(agent);
  expect(agent.log().filter(({ code }) => code === 'NFT_UNCERTAIN')).toHaveLength(1);
  expect(await ruleset()).toBe(await reference());
});

test('nft that always refuses: degraded and not ready, the last ruleset stays, and it recovers', async () => {
  const agent = await start();
  await inSync(agent);
  const before = await ruleset();
  await shim('echo "Error: Could not process rule: Device or resource busy" >&2; exit 1');
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
  await rm(join(shims, 'nft'));
  cluster.put('pods', pod('third', '10.244.1.12'));
  await inSync(agent);
  expect(await agent.status()).toMatchObject({ ready: true, degraded: [], problems: [] });
});

test('nft that disappears is reported, and found again', async () => {
  for (const program of ['nft', 'nsenter']) {
    const { stdout } = await sandbox.run('sh', ['-c', `command -v ${program}`]);
    await symlink(stdout, join(shims, program));
  }
  const agent = await AgentProcess.start(sandbox, { env: { PATH: shims } });
  agents.push(agent);
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
  // nft itself survives its parent, and commits late.
  const began = join(sandbox.directory, 'began');
  const done = join(sandbox.directory, 'done');
  await shim(`touch ${began}; sleep 1; real "$@"; touch ${done}`);
  cluster.put('pods', pod('third', '10.244.1.12'));
  cluster.put('networkpolicies', policy('deny', 'third'));
  await appears(began);
  await agent.end('SIGKILL');
  expect(await ruleset()).toBe(before);
  await rm(join(shims, 'nft'));
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
