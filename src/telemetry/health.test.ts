import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { versionsFrom } from '../kinds/versions.ts';
import { statusSchema } from '../status/schema.ts';
import type { AgentStatus } from '../status/status.ts';
import { type HealthServer, parseHealthAddress, serveHealth } from './health.ts';

let directory: string;
let socket: string;
let server: HealthServer | null;
let status: AgentStatus;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'health-'));
  socket = join(directory, 's');
  server = null;
  status = {
    node: 'a',
    ready: true,
    inSync: true,
    verified: true,
    repairs: 2,
    revision: 3,
    resourceVersions: versionsFrom(() => '4'),
    degraded: [],
    problems: [],
    staleSeconds: 0,
    conntrack: null,
    eventLoopDelayMs: 0,
    bridges: [],
    bridgeRepairs: 0,
    otherChains: null,
  };
});

afterEach(async () => {
  await server?.close();
  await rm(directory, { recursive: true });
});

function call(path: string, method = 'GET'): Promise<{ code: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: socket, path, method }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

test('serves the status as JSON', async () => {
  server = await serveHealth({ kind: 'unix', path: socket }, () => status);
  expect(server.address).toBe(`unix:${socket}`);
  expect(statusSchema.parse(JSON.parse((await call('/status')).text))).toEqual(status);
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
});

test('readyz says why it is not ready, healthz stays well', async () => {
  server = await serveHealth({ kind: 'unix', path: socket }, () => status);
  expect(await call('/readyz')).toEqual({ code: 200, text: 'ok\n' });
  status = { ...status, ready: false, degraded: [{ code: 'NFT_REFUSED', message: 'no' }] };
  expect(await call('/readyz')).toEqual({ code: 503, text: 'NFT_REFUSED: no\n' });
  expect((await call('/healthz')).code).toBe(200);
});

test('readyz says that a table is not verified', async () => {
  server = await serveHealth({ kind: 'unix', path: socket }, () => status);
  status = { ...status, ready: false, verified: false };
  expect(await call('/readyz')).toMatchObject({ code: 503, text: expect.stringMatching(/^not verified: /) });
});

test('answers whoever asks while hundreds of others sit there, and holds on to few of them', async () => {
  server = await serveHealth({ kind: 'unix', path: socket }, () => status);
  let open = 0;
  const slow = await Promise.all(
    Array.from(
      { length: 300 },
      (_, index) =>
        new Promise<Socket>((resolve) => {
          const client = connect(socket, () => {
            open += 1;
            // Some say nothing, some begin and do not end.
            if (index % 2 === 0) client.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
            resolve(client);
          });
          client.on('error', () => undefined);
          client.on('close', () => {
            open -= 1;
          });
        }),
    ),
  );
  for (let turn = 0; turn < 10; turn += 1) expect((await call('/healthz')).code).toBe(200);
  // The control: they do sit there.
  expect(open).toBeGreaterThan(20);
  expect(open).toBeLessThanOrEqual(64);
  for (const client of slow) client.destroy();
});

test('refuses everything else', async () => {
  server = await serveHealth({ kind: 'unix', path: socket }, () => status);
  expect((await call('/')).code).toBe(404);
  expect((await call('/status', 'POST')).code).toBe(405);
});

test('takes over the socket of an agent that was killed, but not one that answers', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(socket, resolve));
  await expect(serveHealth({ kind: 'unix', path: socket }, () => status)).rejects.toThrow(
    'cannot serve health',
  );
  await new Promise((resolve) => other.close(resolve));
  // A socket nobody listens on any more: bound by a process that was killed.
  const { execFileSync } = await import('node:child_process');
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', script, socket])).toThrow();
  expect((await stat(socket)).isSocket()).toBe(true);
  server = await serveHealth({ kind: 'unix', path: socket }, () => status);
  expect((await call('/healthz')).code).toBe(200);
});

test('never removes a file that is not a socket', async () => {
  await writeFile(socket, 'precious');
  await expect(serveHealth({ kind: 'unix', path: socket }, () => status)).rejects.toThrow(
    'cannot serve health',
  );
  expect((await stat(socket)).isFile()).toBe(true);
});

test('listens on a port of its own choice when given 0', async () => {
  server = await serveHealth({ kind: 'tcp', host: '127.0.0.1', port: 0 }, () => status);
  expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
});

test.each([
  ['unix:/run/policyd.sock', { kind: 'unix', path: '/run/policyd.sock' }],
  ['127.0.0.1:9100', { kind: 'tcp', host: '127.0.0.1', port: 9100 }],
  ['[::1]:9100', { kind: 'tcp', host: '::1', port: 9100 }],
  ['unix:', null],
  [':9100', null],
  ['host', null],
  ['host:99999', null],
])('understands the address %s', (text, expected) => {
  expect(parseHealthAddress(text)).toEqual(expected);
});
