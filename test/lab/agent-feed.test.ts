/**
 * The agent's reflectors against the lab's API server, through a network that breaks connections and a
 * history too short for whoever was away: what they hold in the end is what the server holds.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { expect, test } from 'vitest';
import { ClusterFeed } from '../../src/kube/cluster-feed.ts';
import { createTransport } from '../../src/kube/transport.ts';
import { type ApiServer, createApiServer } from '../../src/lab/apiserver/api-server.ts';
import { type Change, changedObject } from '../../src/model/cluster.ts';
import type { Clock } from '../../src/time/clock.ts';
import { recordedLog } from '../kit/recorded-log.ts';
import { eventually } from '../kit/waiting.ts';

/** Waits pass 40 times as fast, so that backoff does not make the test long. */
const HASTE = 40;
const CLOCK: Clock = {
  now: () => performance.now() * HASTE,
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds / HASTE);
    return () => clearTimeout(timer);
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};

/** The same sequence every time. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A relay whose connections can be broken all at once. */
class Network {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(target: string) {
    const { hostname, port } = new URL(target);
    this.#server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  break(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.break();
    await once(this.#server, 'close');
  }
}

const policyOf = (name: string, app: string): Record<string, never> =>
  ({
    metadata: { namespace: 'default', name },
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'] },
  }) as never;

function churn(api: ApiServer, random: () => number): void {
  const name = `p${Math.floor(random() * 30)}`;
  const key = { namespace: 'default', name };
  const dice = random();
  const present = api.store.get('networkpolicies', key) !== null;
  if (!present) api.store.create('networkpolicies', policyOf(name, `app${Math.floor(random() * 5)}`));
  else if (dice < 0.4) api.store.delete('networkpolicies', key);
  else {
    api.store.edit('networkpolicies', key, (object) => ({
      ...object,
      ...policyOf(name, `app${Math.floor(random() * 5)}`),
    }));
  }
}

test('after churn, broken connections and expired versions the reflectors hold what the server holds', async () => {
  const random = sequence(7);
  const api = createApiServer({ serviceRanges: ['10.96.0.0/16'], historyLimit: 5, bookmarkMs: 50 });
  const network = new Network(await api.listen({ host: '127.0.0.1', port: 0 }));
  const server = await network.open();
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' });
  // What a consumer of the changes believes, to be compared with the store that made them.
  const believed = new Map<string, Change>();
  let lists = 0;
  const paths: string[] = [];
  const transport = createTransport(config, 'test');
  const feed = new ClusterFeed({
    transport: {
      get: (path, query, signal) => {
        if (path.endsWith('networkpolicies') && query.watch === undefined) lists += 1;
        paths.push(path);
        return transport.get(path, query, signal);
      },
    },
    clock: CLOCK,
    random,
    log: recordedLog([]),
    sink: {
      changed: (changes) => {
        for (const change of changes) {
          if (change.value === null) believed.delete(changedObject(change));
          else believed.set(changedObject(change), change);
        }
      },
      problems: () => {},
      listed: () => {},
    },
  });
  const stop = new AbortController();
  const running = feed.run(stop.signal);
  for (let round = 0; round < 400; round += 1) {
    churn(api, random);
    if (random() < 0.05) network.break();
    if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const version = BigInt(api.store.resourceVersionOf('networkpolicies'));
  await eventually(
    'the last version is seen',
    () => BigInt(feed.versions().networkpolicies || '0') >= version,
  );
  const expected = api.store
    .list('networkpolicies')
    .items.map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec)] as const)
    .sort();
  const held = [...believed.values()]
    .flatMap((change) => (change.kind === 'policy' && change.value !== null ? [change.value] : []))
    .map(({ name, subject }) => {
      const [requirement] = subject.kind === 'requirements' ? subject.requirements : [];
      return [name, requirement?.values[0]] as const;
    })
    .sort();
  stop.abort();
  await running;
  await network.close();
  await api.close();
  expect(held.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  for (const [index, [, app]] of held.entries()) expect(expected[index]?.[1]).toContain(`"${app}"`);
  expect(held.length).toBeGreaterThan(5);
  // The controls: connections did break, and versions did expire.
  expect(paths.length).toBeGreaterThan(20);
  expect(lists).toBeGreaterThan(1);
});
