import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FAR_MS } from '../../../test/kit/waiting.ts';
import { listenAll } from './listen.ts';
import { probe } from './probe.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

test.each(['TCP', 'UDP'] as const)(
  '%s to a listening pod is connected, with the echo seen',
  async (protocol) => {
    const port = await freePort();
    expect(await listenAll([port])).toEqual([]);
    const result = await probe({ id: 1, address: '127.0.0.1', port, protocol, timeoutMs: FAR_MS });
    expect(result).toMatchObject({ outcome: 'connected', detail: expect.stringMatching(/echo$/) });
  },
);

test('a host of several addresses answers UDP from the one that was asked, given its addresses', async () => {
  const ask = async (port: number, timeoutMs: number): Promise<string> =>
    (await probe({ id: 1, address: '127.0.0.2', port, protocol: 'UDP', timeoutMs })).outcome;
  const [each, everywhere] = [await freePort(), await freePort()];
  expect(await listenAll([each], ['127.0.0.1', '127.0.0.2'])).toEqual([]);
  expect(await listenAll([everywhere])).toEqual([]);
  expect([await ask(each, FAR_MS), await ask(everywhere, 300)]).toEqual(['connected', 'blocked']);
});

test.each(['TCP', 'UDP'] as const)('%s to a port where nothing listens is refused', async (protocol) => {
  const result = await probe({
    id: 1,
    address: '127.0.0.1',
    port: await freePort(),
    protocol,
    timeoutMs: FAR_MS,
  });
  expect(result.outcome).toBe('refused');
});

test('UDP without an answer is blocked after the timeout, not before', async () => {
  const silent = createSocket('udp4');
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
  cleanups.push(() => silent.close());
  const result = await probe({
    id: 1,
    address: '127.0.0.1',
    port: silent.address().port,
    protocol: 'UDP',
    timeoutMs: 150,
  });
  expect(result.outcome).toBe('blocked');
  expect(result.milliseconds).toBeGreaterThanOrEqual(149);
});

test('TCP counts as connected after the handshake, though the other side is no echo', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    cleanups.push(() => socket.destroy());
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  cleanups.push(() => server.close());
  const result = await probe({ id: 1, address: '127.0.0.1', port, protocol: 'TCP', timeoutMs: 150 });
  expect(result).toMatchObject({ outcome: 'connected', detail: 'handshake, no echo' });
});

test('SCTP is an error that says why, not a block', async () => {
  const result = await probe({ id: 1, address: '127.0.0.1', port: 1, protocol: 'SCTP', timeoutMs: 100 });
  expect(result).toMatchObject({ outcome: 'error', detail: expect.stringContaining('SCTP') });
});

test('a port that is taken is reported, and the others listen', async () => {
  const [taken, other] = [await freePort(), await freePort()];
  expect(await listenAll([taken])).toEqual([]);
  const failures = await listenAll([taken, other]);
  expect(failures.map(({ port, protocol }) => [port, protocol])).toEqual([
    [taken, 'TCP'],
    [taken, 'UDP'],
  ]);
  expect(
    (await probe({ id: 1, address: '127.0.0.1', port: other, protocol: 'TCP', timeoutMs: FAR_MS })).outcome,
  ).toBe('connected');
});
