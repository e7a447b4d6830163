import { createServer as createPlainServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CERTIFICATE, KEY } from '../../test/kit/certificate.ts';
import { farEnd } from '../../test/kit/waiting.ts';
import { readText } from './body.ts';
import { createTransport, type Transport } from './transport.ts';

let server: Server;
let sockets: Set<Socket>;
let seen: { authorization: string | undefined; agent: string | undefined }[];

beforeEach(async () => {
  sockets = new Set();
  seen = [];
  server = createServer({ cert: CERTIFICATE, key: KEY }, (request, response) => {
    sockets.add(request.socket);
    seen.push({ authorization: request.headers.authorization, agent: request.headers['user-agent'] });
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function transport(ca: string | null, token: string | null = null): Transport {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'c',
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      skipTLSVerify: false,
      ...(ca === null ? {} : { caData: Buffer.from(ca).toString('base64') }),
    },
    { name: 'u', ...(token === null ? {} : { token }) },
  );
  return createTransport(config, 'policyd/test');
}

async function get(from: Transport): Promise<string> {
  const { body } = await from.get('/x', {}, farEnd());
  return await readText(body, () => {});
}

test('trusts the certificate authority of the kubeconfig, and keeps the connection', async () => {
  const kept = transport(CERTIFICATE, 'secret');
  for (let call = 0; call < 5; call += 1) expect(await get(kept)).toBe('hello');
  expect(sockets.size).toBe(1);
  expect(seen[0]).toEqual({ authorization: 'Bearer secret', agent: 'policyd/test' });
});

test('does not talk to a server it cannot verify', async () => {
  await expect(get(transport(null, 'secret'))).rejects.toThrow('self-signed certificate');
  expect(seen).toEqual([]);
});

test('a connection reset in the middle of an answer is an error, and not asked for again behind the back', async () => {
  const requests: (string | undefined)[] = [];
  const plain = createPlainServer((request, response) => {
    requests.push(request.url);
    if (requests.length === 1) response.end('hello');
    else response.write('hel', () => setTimeout(() => request.socket.resetAndDestroy(), 20));
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const config = new KubeConfig();
  const address = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
  config.loadFromClusterAndUser({ name: 'c', server: address, skipTLSVerify: true }, { name: 'u' });
  const kept = createTransport(config, 'policyd/test');
  expect(await get(kept)).toBe('hello');
  // The connection goes back to the pool a moment after its answer ends.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await expect(get(kept)).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 100));
  plain.close();
  expect(requests).toHaveLength(2);
});

test('a kept connection that the server has closed is replaced without an error', async () => {
  const kept = transport(CERTIFICATE);
  expect(await get(kept)).toBe('hello');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.once('request', (request) => {
    for (const listener of listeners) server.on('request', listener as () => void);
    request.socket.destroy();
  });
  expect(await get(kept)).toBe('hello');
});

test('a request ends with its signal', async () => {
  server.removeAllListeners('request');
  const call = transport(CERTIFICATE).get('/x', {}, AbortSignal.timeout(50));
  await expect(call).rejects.toThrow('aborted');
});
