import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCluster } from './read-cluster.ts';

let directory: string;
let file: string;
let server: Server;
let answers: Map<string, [number, object]>;
let headers: (string | undefined)[];

beforeEach(async () => {
  answers = new Map();
  headers = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    headers.push(request.headers.authorization, request.headers['impersonate-user'] as string | undefined);
    const [code, body] = answers.get(`${url.pathname}${url.searchParams.get('continue') ?? ''}`) ?? [
      200,
      list([]),
    ];
    response.writeHead(code);
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  file = join(directory, 'config');
  await writeKubeconfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

async function writeKubeconfig(address: string): Promise<void> {
  await writeFile(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: address } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'main',
    }),
  );
}

function list(names: readonly string[], next?: string, kind = 'PodList'): object {
  return {
    kind,
    apiVersion: 'v1',
    metadata: { resourceVersion: '1', ...(next === undefined ? {} : { continue: next }) },
    items: names.map((name) => ({ metadata: { name } })),
  };
}

const status = (code: number, message: string): [number, object] => [code, { kind: 'Status', code, message }];

test('reads every page and fills in what the list says of its items', async () => {
  answers.set('/api/v1/pods', [200, list(['a'], 'next')]);
  answers.set('/api/v1/podsnext', [200, list(['b'])]);
  const { objects, missing } = await readCluster({ file, env: {} });
  expect(objects.pods).toEqual([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } },
  ]);
  expect(missing).toEqual([]);
  expect(headers).toContain('Bearer secret');
});

test('a kind that may not be read is reported as missing, the others are there', async () => {
  answers.set('/api/v1/nodes', status(403, 'nodes is forbidden'));
  answers.set('/api/v1/namespaces', [200, list(['shop'], undefined, 'NamespaceList')]);
  const { objects, missing } = await readCluster({ file, env: {} });
  expect(missing).toEqual([{ resource: 'nodes', kind: 'Node', message: '403 nodes is forbidden' }]);
  expect(objects.namespaces).toHaveLength(1);
});

test('impersonates the user it is told to', async () => {
  await readCluster({ file, env: {}, as: 'jane' });
  expect(headers).toContain('jane');
});

test('credentials that are not accepted are an error of their own', async () => {
  for (const path of ['pods', 'namespaces', 'nodes', 'services'])
    answers.set(`/api/v1/${path}`, status(401, 'Unauthorized'));
  await expect(readCluster({ file, env: {} })).rejects.toMatchObject({ code: 'CLUSTER_FORBIDDEN' });
});

test('an unreachable server is named, with what to check', async () => {
  await writeKubeconfig('http://127.0.0.1:1');
  await expect(readCluster({ file, env: {} })).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    message: 'cannot read the cluster at http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
  });
});

test('a server that does not answer is given up after the timeout', async () => {
  server.removeAllListeners('request');
  await expect(readCluster({ file, env: {}, timeoutMs: 100 })).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    message: expect.stringContaining('no complete answer within 0.1 s'),
  });
});

test('a context that does not exist is an error with those that do', async () => {
  await expect(readCluster({ file, env: {}, context: 'other' })).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
    message: expect.stringContaining('it has: main'),
  });
});

test('what answers is not an API server', async () => {
  answers.set('/api/v1/pods', [200, { hello: 'world' }]);
  await expect(readCluster({ file, env: {} })).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    message: expect.stringContaining('did not return a list'),
  });
});
