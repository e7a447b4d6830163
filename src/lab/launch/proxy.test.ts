import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listenForApi, parseListenAddress } from './proxy.ts';

test.each([
  ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
  ['localhost:0', { host: '127.0.0.1', port: 0 }],
  ['[::1]:80', { host: '::1', port: 80 }],
])('%s is an address to listen on', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each([
  '0.0.0.0:80',
  '192.0.2.1:80',
  '127.0.0.1',
  '8080',
  '127.0.0.1:70000',
  '127.0.0.999:1',
  '[::]:80',
  'x:1',
  '128.0.0.1:1',
])('%s is none: only loopback may be opened', (text) => {
  expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('requests reach the socket, a port that is taken is said, and closing ends open connections', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proxy-'));
  const path = join(directory, 'api.sock');
  const api = createServer((request, response) => {
    if (request.url === '/watch') response.write('open');
    else response.end(`got ${request.url}`);
  });
  await new Promise<void>((resolve) => api.listen(path, resolve));
  const proxy = await listenForApi({ host: '127.0.0.1', port: 0 }, path);
  expect(await (await fetch(`${proxy.url}/api/v1`)).text()).toBe('got /api/v1');
  const { port } = new URL(proxy.url);
  await expect(listenForApi({ host: '127.0.0.1', port: Number(port) }, path)).rejects.toThrow('EADDRINUSE');
  const watch = await fetch(`${proxy.url}/watch`);
  await proxy.close();
  await expect(watch.text()).rejects.toThrow();
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
  await rm(directory, { recursive: true });
});
