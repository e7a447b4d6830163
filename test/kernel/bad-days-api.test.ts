/** Bad days of the API server: what is enforced stays, nothing is written in doubt, and policyd says what to do. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CERTIFICATE, KEY } from '../kit/certificate.ts';
import type { Sandbox } from '../kit/sandbox.ts';
import { policy, TestCluster } from './agent-cluster.ts';
import { AgentNode } from './agent-node.ts';
import { type AgentOptions, type AgentProcess, watchWrites } from './agent-process.ts';

let here: AgentNode;
let sandbox: Sandbox;
let cluster: TestCluster;

async function begin(next?: TestCluster): Promise<void> {
  here = await AgentNode.open(next);
  ({ sandbox, cluster } = here);
  cluster.put('networkpolicies', policy('deny', 'api', 'web'));
}
beforeEach(() => begin());
afterEach(() => here.close());

const start = (options: AgentOptions = {}): Promise<AgentProcess> => here.start(options);
const inSync = (agent: AgentProcess): Promise<void> => here.inSync(agent);
const ruleset = (): Promise<string> => here.ruleset();

function kubeconfig(user: object, server = 'http://127.0.0.1:6443', more: object = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, ...more } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

test('unreachable at the start: it waits, says so, and a table of before stays as it is, byte for byte', async () => {
  const first = await start();
  await inSync(first);
  await first.end('SIGTERM');
  const before = await ruleset();
  await cluster.disconnect();
  const written = await watchWrites(sandbox);
  const agent = await start();
  const status = await agent.until(({ degraded }) => degraded.some(({ code }) => code === 'API_UNREACHABLE'));
  expect(status).toMatchObject({ ready: false, inSync: false, revision: 0 });
  expect(status.degraded).toContainEqual({
    code: 'NOT_LISTED',
    message: expect.stringContaining('nothing is written before that'),
  });
  expect(status.degraded).toContainEqual({
    code: 'API_UNREACHABLE',
    message: expect.stringMatching(
      /^cannot follow \w+ for \d+ s, what is known stays enforced: .*ECONNREFUSED/,
    ),
  });
  expect((await agent.get('/readyz')).text).toContain('API_UNREACHABLE');
  expect((await agent.get('/healthz')).code).toBe(200);
  expect(agent.log().some(({ level, msg }) => level === 'warn' && msg.includes('ECONNREFUSED'))).toBe(true);
  expect(await ruleset()).toBe(before);
  expect(await written()).toBe('');
  // By itself, as soon as there is somebody.
  await cluster.connect(sandbox);
  await inSync(agent);
  await agent.until(
    ({ ready, staleSeconds, degraded }) => ready && staleSeconds === 0 && degraded.length === 0,
  );
  expect(await ruleset()).toBe(before);
});

test('gone later: pods stay as they were, it is reported with its age, and is over by itself', async () => {
  const agent = await start();
  await inSync(agent);
  const pods = async (): Promise<readonly string[]> =>
    (await ruleset()).split('\n').filter((line) => /goto in_|10\.244\.1\.1[01]|rin_/.test(line));
  const before = await pods();
  expect(before.join()).toContain('10.244.1.11 : goto in_');
  await cluster.disconnect();
  const stale = await agent.until(({ ready, staleSeconds }) => !ready && staleSeconds > 0);
  expect(stale.degraded.map(({ code }) => code)).toContain('API_UNREACHABLE');
  const later = await agent.until(({ staleSeconds }) => staleSeconds > stale.staleSeconds);
  expect(later).toMatchObject({ ready: false });
  expect(await pods()).toEqual(before);
  expect((await agent.get('/healthz')).code).toBe(200);
  // What happens meanwhile is found afterwards.
  cluster.put('networkpolicies', policy('deny', 'web'));
  await cluster.connect(sandbox);
  await inSync(agent);
  await agent.until(({ ready, staleSeconds }) => ready && staleSeconds === 0);
  expect((await pods()).join()).toContain('10.244.1.10 : goto in_');
  expect(agent.log().map(({ msg }) => msg)).toContain('the API server answers again');
});

test('an expired token: said so, and the renewed token file is read without a restart', async () => {
  const file = join(sandbox.directory, 'token');
  await writeFile(file, 'old\n');
  cluster.token = 'new';
  const agent = await start({ kubeconfig: kubeconfig({ tokenFile: 'token' }) });
  const status = await agent.until(({ degraded }) =>
    degraded.some(({ code }) => code === 'API_UNAUTHORIZED'),
  );
  expect(status.degraded).toContainEqual({
    code: 'API_UNAUTHORIZED',
    message: expect.stringMatching(/401 .* does not accept the credentials of the kubeconfig: renew them/),
  });
  expect(await ruleset()).toBe('');
  await writeFile(file, 'new\n');
  await inSync(agent);
  await agent.until(({ ready, degraded }) => ready && degraded.length === 0);
});

test('one kind forbidden: which one and the rule it needs; nothing is written, and the others are listed', async () => {
  cluster.failures.set('networkpolicies', 403);
  const agent = await start();
  const status = await agent.until(
    ({ degraded }) =>
      degraded.some(({ code }) => code === 'API_FORBIDDEN') &&
      degraded.some(({ message }) => message.startsWith('not listed yet: networkpolicies;')),
  );
  expect(status.degraded).toHaveLength(2);
  expect(status.degraded).toContainEqual({
    code: 'API_FORBIDDEN',
    message: expect.stringContaining(
      'apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"]',
    ),
  });
  const listed = agent.log().flatMap(({ msg, resource }) => (msg === 'listed' ? [resource] : []));
  expect([...listed].sort()).toEqual(['namespaces', 'nodes', 'pods']);
  expect(await ruleset()).toBe('');
  cluster.failures.clear();
  await inSync(agent);
  expect(await ruleset()).toContain('10.244.1.11 : goto in_');
});

test('a server error is said with its status, and is over by itself', async () => {
  cluster.failure = 500;
  const agent = await start();
  const status = await agent.until(({ degraded }) => degraded.some(({ code }) => code === 'API_UNREACHABLE'));
  expect(status.degraded.at(-1)?.message).toContain('500 as the test wants it');
  cluster.failure = null;
  await inSync(agent);
});

test('a certificate of somebody else, or a CA file that is not there: nothing is read, and it is said why', async () => {
  await here.close();
  await begin(new TestCluster({ cert: CERTIFICATE, key: KEY }));
  const server = 'https://127.0.0.1:6443';
  const stranger = await start({ kubeconfig: kubeconfig({}, server) });
  const untrusted = await stranger.until(({ degraded }) =>
    degraded.some(({ code }) => code === 'API_UNTRUSTED'),
  );
  expect(untrusted.degraded.at(-1)?.message).toMatch(
    /self-signed certificate.*compare certificate-authority/,
  );
  expect(await ruleset()).toBe('');
  await stranger.end('SIGTERM');

  const ca = join(sandbox.directory, 'ca.crt');
  const late = await start({ kubeconfig: kubeconfig({}, server, { 'certificate-authority': ca }) });
  const missing = await late.until(({ degraded }) => degraded.length > 1);
  expect(missing.degraded.at(-1)?.message).toContain(ca);
  // The control: with the right one it works.
  await writeFile(ca, CERTIFICATE);
  await inSync(late);
});
