import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Failure } from '../../model/failure.ts';
import { LabClient } from './client.ts';
import type { LabStateReport, ProbeQuery } from './protocol.ts';
import { serveControl } from './server.ts';

const state: LabStateReport = {
  name: 'demo',
  apiServer: 'http://172.18.0.1:6443',
  families: [4],
  root: { addresses: ['172.18.0.1'] },
  external: { addresses: ['203.0.113.10'], ports: [80] },
  nodes: [
    {
      name: 'node-a',
      addresses: ['172.18.0.2'],
      podCidrs: ['10.244.1.0/24'],
      policyd: null,
      services: { inSync: true, waitingFor: null },
    },
  ],
  pods: [],
};
const probes: ProbeQuery[] = [];
let directory: string;
let client: LabClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'control-'));
  const socket = join(directory, 'lab.sock');
  await serveControl(
    {
      state: async () => state,
      sync: async (timeoutMs) => ({ synced: false, milliseconds: timeoutMs, waitingFor: ['pod a/b'] }),
      probe: async (query) => {
        probes.push(query);
        return { outcome: 'connected', milliseconds: 1, detail: 'echo' };
      },
      ruleset: async (node) => {
        if (node === 'broken') throw new Error('out of order');
        if (node !== 'node-a') throw new Failure('NAME_UNKNOWN', `the lab has no node ${node}`);
        return { node, inSync: true, listing: { nftables: [] } };
      },
    },
    socket,
  );
  client = LabClient.fromEnvironment({ POLICYD_LAB: socket });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('every question arrives as asked and its answer comes back whole', async () => {
  const query: ProbeQuery = {
    from: { pod: 'shop/web' },
    to: { address: '2001:db8::1', port: 53, protocol: 'UDP' },
    timeoutMs: 500,
  };
  expect(await client.state()).toEqual(state);
  expect(await client.sync(7)).toEqual({ synced: false, milliseconds: 7, waitingFor: ['pod a/b'] });
  expect(await client.probe(query)).toEqual({ outcome: 'connected', milliseconds: 1, detail: 'echo' });
  expect(probes).toEqual([query]);
  const other = { ...query, timeoutMs: 2 };
  expect((await client.probes([other, query])).map(({ outcome }) => outcome)).toEqual([
    'connected',
    'connected',
  ]);
  expect(probes).toEqual([query, other, query]);
  expect(await client.ruleset('node-a')).toEqual({ node: 'node-a', inSync: true, listing: { nftables: [] } });
});

test('failures keep their kind and their words', async () => {
  await expect(client.ruleset('node x/?')).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
    message: 'the lab has no node node x/?',
  });
  await expect(client.ruleset('broken')).rejects.toMatchObject({
    code: 'LAB_FAILED',
    message: 'out of order',
  });
  const impossible: ProbeQuery = {
    from: { external: true },
    to: { address: 'example.org', port: 80, protocol: 'TCP' },
    timeoutMs: 500,
  };
  await expect(client.probe(impossible)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('no connection is used twice: the lab closes idle ones, perhaps just then', async () => {
  let connections = 0;
  const server = createServer((_, response) => response.end(JSON.stringify(state)));
  server.on('connection', () => {
    connections += 1;
  });
  const socket = join(directory, 'counting.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const counted = new LabClient(socket);
  for (let call = 0; call < 3; call += 1) {
    await counted.state();
    await new Promise((resolve) => setImmediate(resolve));
  }
  server.close();
  expect(connections).toBe(3);
});

test('outside of a lab, and with a lab that has ended, the client says so', async () => {
  expect(() => LabClient.fromEnvironment({})).toThrow(/not inside a lab/);
  const gone = new LabClient(join(directory, 'gone.sock'));
  await expect(gone.state()).rejects.toMatchObject({ code: 'LAB_ABSENT' });
});
