import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProbeQuery } from '../../channel/probe.ts';
import { emptyVersions } from '../../kinds/versions.ts';
import { Failure } from '../../model/failure.ts';
import type { ReadStatus } from '../../status/schema.ts';
import { LabClient, openLab } from './client.ts';
import type { LabStateReport } from './lab-state.ts';
import { serveControl } from './server.ts';

const STATUS: ReadStatus = {
  node: 'node-b',
  ready: true,
  inSync: true,
  verified: true,
  repairs: 0,
  revision: 3,
  resourceVersions: emptyVersions(),
  staleSeconds: 0,
  conntrack: null,
  eventLoopDelayMs: 1,
  degraded: [{ code: 'NFT_SLOW', message: 'it is slow' }],
  problems: [],
  bridges: [],
  bridgeRepairs: 0,
  otherChains: null,
};

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
    {
      name: 'node-b',
      addresses: ['172.18.0.3'],
      podCidrs: ['10.244.2.0/24'],
      policyd: {
        running: true,
        pid: 7,
        ready: true,
        inSync: true,
        revision: 3,
        restarts: 0,
        degraded: [],
        problems: [],
        status: STATUS,
      },
      services: { inSync: true, waitingFor: null },
    },
  ],
  pods: [],
};
const probes: ProbeQuery[] = [];
/** How many came in one call, each. */
const batches: number[] = [];
let underWay = 0;
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
        if (underWay === 0) batches.push(0);
        underWay += 1;
        batches.push((batches.pop() ?? 0) + 1);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return { outcome: 'connected', milliseconds: 1, detail: `echo ${query.to.port}` };
      },
      ruleset: async (node) => {
        if (node === 'broken') throw new Error('out of order');
        if (node !== 'node-a') throw new Failure('NAME_UNKNOWN', `the lab has no node ${node}`);
        const tables = [
          { nftables: [{ table: 'inet' }] },
          { nftables: [{ table: 'bridge' }, { chain: 'c' }] },
        ];
        return { node, inSync: true, listing: tables[0], tables };
      },
    },
    socket,
  );
  const opened = openLab({ POLICYD_LAB: socket });
  if (opened === null) throw new Error('the environment names a lab');
  client = opened;
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
  expect(await client.probe(query)).toEqual({ outcome: 'connected', milliseconds: 1, detail: 'echo 53' });
  expect(probes).toEqual([query]);
  const other = { ...query, timeoutMs: 2 };
  expect((await client.probes([other, query])).map(({ outcome }) => outcome)).toEqual([
    'connected',
    'connected',
  ]);
  expect(probes).toEqual([query, other, query]);
  // One listing of all of policyd's tables, as nft would print it.
  expect(await client.listing('node-a')).toEqual({
    node: 'node-a',
    inSync: true,
    listing: { nftables: [{ table: 'inet' }, { table: 'bridge' }, { chain: 'c' }] },
  });
  expect(await client.status()).toEqual([
    { node: 'node-a', agent: null },
    { node: 'node-b', agent: STATUS },
  ]);
  expect(await client.internet()).toEqual({ addresses: ['203.0.113.10'], ports: [80] });
});

test('failures keep their kind and their words', async () => {
  await expect(client.listing('node x/?')).rejects.toMatchObject({
    code: 'NAME_UNKNOWN',
    message: 'the lab has no node node x/?',
  });
  await expect(client.listing('broken')).rejects.toMatchObject({
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

test('more probes than get their turn in time are asked for in several calls, and answered in order', async () => {
  probes.length = 0;
  batches.length = 0;
  const query = (port: number): ProbeQuery => ({
    from: { external: true },
    to: { address: '10.0.0.1', port, protocol: 'TCP' },
    timeoutMs: 20_000,
  });
  // 45 s are two turns of 12.
  const queries = Array.from({ length: 60 }, (_, index) => query(index + 1));
  const reports = await client.probes(queries);
  expect(reports.map(({ detail }) => detail)).toEqual(queries.map(({ to }) => `echo ${to.port}`));
  expect(probes).toEqual(queries);
  expect(batches).toEqual([24, 24, 12]);
  expect(await client.probes([])).toEqual([]);
});

test('outside of a lab there is no channel, and a lab that has ended says so', async () => {
  expect(openLab({})).toBeNull();
  expect(openLab({ POLICYD_LAB: '' })).toBeNull();
  const gone = new LabClient(join(directory, 'gone.sock'));
  await expect(gone.state()).rejects.toMatchObject({ code: 'LAB_ABSENT' });
});
