import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { list, raw, ScriptedApi, type Step, status, watch } from '../../test/kit/scripted-api.ts';
import { eventually } from '../../test/kit/waiting.ts';
import { WATCHED } from '../kinds/kinds.ts';
import { type Change, changedObject } from '../model/cluster.ts';
import { Reflector, type ReflectorFailure } from './reflector.ts';
import { createTransport } from './transport.ts';

interface Harness {
  readonly api: ScriptedApi;
  readonly clock: ManualClock;
  /** `+a`, `-a`, one string per call of the sink that brought changes. */
  readonly changes: string[];
  readonly failures: (ReflectorFailure | null)[];
  readonly problems: [string, readonly string[]][];
  listed: number;
  readonly reflector: Reflector<'pods'>;
  start(): void;
  names(): string[];
}

let harness: Harness;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  const api = new ScriptedApi();
  const server = await api.listen();
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' });
  const clock = new ManualClock();
  stop = new AbortController();
  running = Promise.resolve();
  const parts = { api, clock, changes: [] as string[], failures: [] as (ReflectorFailure | null)[] };
  const problems: [string, readonly string[]][] = [];
  const reflector = new Reflector({
    kind: WATCHED.pods,
    transport: createTransport(config, 'test'),
    clock,
    random: () => 0.5,
    sink: {
      changed: (changes) => {
        if (changes.length > 0) parts.changes.push(changes.map(short).join(' '));
      },
      problems: (object, messages) => {
        if (messages.length > 0) problems.push([object, messages]);
      },
      listed: () => {
        harness.listed += 1;
      },
      failing: (failure) => parts.failures.push(failure),
    },
  });
  harness = {
    ...parts,
    problems,
    listed: 0,
    reflector,
    start: () => {
      running = reflector.run(stop.signal);
    },
    names: () => reflector.store.contents().map(nameOf),
  };
});

afterEach(async () => {
  stop.abort();
  await running;
  await harness.api.close();
});

function short(change: Change): string {
  return `${change.value === null ? '-' : '+'}${nameOf(change)}`;
}

function nameOf(change: Change): string {
  return changedObject(change).replace('pod ns/', '');
}

function pod(name: string, version: string, labels: object = {}): object {
  return {
    metadata: { namespace: 'ns', name, uid: name, resourceVersion: version, labels },
    spec: { containers: [{ name: 'c' }] },
    status: { phase: 'Running', podIPs: [{ ip: '10.0.0.1' }] },
  };
}

const added = (name: string, version: string, labels: object = {}): object => ({
  type: 'ADDED',
  object: pod(name, version, labels),
});
const modified = (name: string, version: string, labels: object = {}): object => ({
  type: 'MODIFIED',
  object: pod(name, version, labels),
});
const deleted = (name: string, version: string): object => ({ type: 'DELETED', object: pod(name, version) });
const bookmark = (version: string): object => ({
  type: 'BOOKMARK',
  object: { kind: 'Pod', metadata: { resourceVersion: version } },
});
const reset: Step = (response) => response.destroy();

async function until(condition: () => boolean): Promise<void> {
  await eventually(String(condition), condition);
}

async function requests(count: number): Promise<URLSearchParams[]> {
  await until(() => harness.api.requests.length >= count);
  return harness.api.requests.map((url) => url.searchParams);
}

test('lists in pages of 500 and hands on the whole list in one step', async () => {
  const { api } = harness;
  api.script(list([pod('a', '1')], '7', 'more'), list([pod('b', '2')], '7'), watch());
  harness.start();
  const [first, second, third] = await requests(3);
  expect(first?.get('limit')).toBe('500');
  expect(first?.has('resourceVersion')).toBe(false);
  expect(second?.get('continue')).toBe('more');
  expect(harness.changes).toEqual(['+a +b']);
  expect(harness.listed).toBe(1);
  expect(third?.get('watch')).toBe('true');
  expect(third?.get('resourceVersion')).toBe('7');
  expect(third?.get('allowWatchBookmarks')).toBe('true');
  expect(Number(third?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
  expect(Number(third?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
});

test('begins the list again without pages when the continue token has expired', async () => {
  harness.api.script(list([pod('gone', '1')], '7', 'more'), status(410), list([pod('b', '2')], '9'), watch());
  harness.start();
  const [, , third, fourth] = await requests(4);
  expect(third?.has('limit')).toBe(false);
  expect(third?.has('continue')).toBe(false);
  expect(fourth?.get('resourceVersion')).toBe('9');
  expect(harness.names()).toEqual(['b']);
  expect(harness.failures).toEqual([]);
});

test('hands on events, and nothing for those that change nothing policyd keeps', async () => {
  harness.api.script(
    list([pod('a', '1')], '5'),
    watch(modified('a', '6'), added('b', '7'), modified('a', '8', { x: 'y' }), deleted('b', '9')),
  );
  harness.start();
  await until(() => harness.reflector.store.version === '9');
  expect(harness.changes.join(' ')).toBe('+a +b +a -b');
  expect(harness.names()).toEqual(['a']);
});

test('takes up the watch at the version of the last bookmark after a clean end', async () => {
  harness.api.script(list([], '5'), watch(bookmark('50')), watch());
  harness.start();
  await until(() => harness.reflector.store.version === '50');
  harness.api.last.end();
  const params = await requests(3);
  expect(params[2]?.get('resourceVersion')).toBe('50');
  expect(harness.failures).toEqual([]);
});

test('counts a watch that ends at once without an event as a failure, and waits longer each time', async () => {
  harness.api.script(list([], '5'), raw(''), raw(''), raw(''), watch());
  harness.start();
  const waits: number[] = [];
  for (let failures = 1; failures <= 3; failures += 1) {
    await until(() => harness.failures.length === failures && harness.clock.pending.length > 0);
    waits.push(harness.clock.pending[0] ?? 0);
    await harness.clock.advance(harness.clock.pending[0] ?? 0);
  }
  await requests(5);
  expect(waits).toEqual([600, 1200, 2400]);
});

test('never waits longer than 30 seconds', async () => {
  harness.api.script(...Array.from({ length: 10 }, () => status(500)));
  harness.start();
  for (let failures = 1; failures <= 9; failures += 1) {
    await until(() => harness.failures.length === failures && harness.clock.pending.length > 0);
    await harness.clock.advance(harness.clock.pending[0] ?? 0);
  }
  expect(Math.max(...harness.failures.map((failure) => failure?.retryInMs ?? 0))).toBeLessThanOrEqual(30_000);
  expect(harness.failures[8]).toMatchObject({ count: 9, status: 500, message: '500 scripted 500' });
});

test('lists again at once when the version of the watch has expired, keeping the old objects until then', async () => {
  const { api } = harness;
  let answer: () => void = () => {};
  api.script(list([pod('a', '1')], '5'), status(410), (response, request) => {
    answer = () => list([pod('b', '2')], '9')(response, request);
  });
  harness.start();
  await requests(3);
  expect(harness.names()).toEqual(['a']);
  api.script(watch());
  answer();
  await requests(4);
  expect(harness.names()).toEqual(['b']);
  expect(harness.changes).toEqual(['+a', '-a +b']);
  expect(harness.failures).toEqual([]);
});

test('treats an ERROR event of code 410 like the status', async () => {
  const gone = {
    type: 'ERROR',
    object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
  };
  harness.api.script(list([], '5'), watch(gone), list([pod('b', '2')], '9'), watch());
  harness.start();
  const params = await requests(4);
  expect(params[3]?.get('resourceVersion')).toBe('9');
});

test('does not list in a loop when every watch is refused as expired', async () => {
  harness.api.script(list([], '5'), status(410), list([], '5'), status(410));
  harness.start();
  await until(() => harness.failures.length === 1);
  expect(harness.api.requests.length).toBe(4);
  expect(harness.clock.pending[0]).toBeGreaterThan(0);
});

test('any other ERROR event ends the watch, waits, and resumes it at the same version', async () => {
  const error = { type: 'ERROR', object: { kind: 'Status', code: 500, message: 'etcd has a bad day' } };
  harness.api.script(list([], '5'), watch(added('a', '6'), error), watch());
  harness.start();
  await until(() => harness.failures.some((failure) => failure !== null));
  expect(harness.names()).toEqual(['a']);
  await harness.clock.advance(1_000);
  const params = await requests(3);
  expect(params[2]?.get('resourceVersion')).toBe('6');
  expect(harness.failures[0]?.message).toBe('500 etcd has a bad day');
});

test('waits as long as Retry-After asks for', async () => {
  harness.api.script(status(429, { 'retry-after': '17' }), list([], '5'), watch());
  harness.start();
  await until(() => harness.failures.length === 1);
  expect(harness.clock.pending).toEqual([17_000]);
  expect(harness.failures[0]).toMatchObject({ status: 429, retryInMs: 17_000 });
  await harness.clock.advance(16_999);
  expect(harness.api.requests.length).toBe(1);
  await harness.clock.advance(1);
  await requests(3);
  expect(harness.listed).toBe(1);
});

test('resumes after the connection was reset in the middle of a watch', async () => {
  harness.api.script(list([pod('a', '1')], '5'), watch(added('b', '6')), watch(added('c', '7')));
  harness.start();
  await until(() => harness.names().length === 2);
  harness.api.last.socket?.resetAndDestroy();
  await until(() => harness.failures.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(harness.names()).toEqual(['a', 'b']);
  expect(harness.api.requests).toHaveLength(2);
  await harness.clock.advance(1_000);
  await until(() => harness.names().length === 3);
});

test('survives resets during the list, on a new connection and on a kept one', async () => {
  const { api } = harness;
  // The second reset hits a kept connection and is asked again, the third hits the new one and counts.
  api.script(reset, list([pod('a', '1')], '5', 'more'), reset, reset, list([pod('b', '1')], '5'), watch());
  harness.start();
  for (let failures = 1; failures <= 2; failures += 1) {
    await until(() => harness.failures.length === failures && harness.clock.pending.length > 0);
    expect(harness.listed).toBe(0);
    await harness.clock.advance(harness.clock.pending[0] ?? 0);
  }
  await requests(6);
  expect(harness.names()).toEqual(['b']);
});

test('gives up a connection on which nothing has come for two minutes, and connects anew', async () => {
  harness.api.script(list([], '5'), watch(bookmark('6')), watch());
  harness.start();
  await until(() => harness.reflector.store.version === '6');
  await harness.clock.advance(119_000);
  expect(harness.failures.filter((failure) => failure !== null)).toEqual([]);
  await harness.clock.advance(1_000);
  await until(() => harness.failures.some((failure) => failure !== null));
  expect(harness.failures.at(-1)?.message).toBe('the API server went silent');
  await harness.clock.advance(1_000);
  const params = await requests(3);
  expect(params[2]?.get('resourceVersion')).toBe('6');
});

test('gives up a list that is not answered', async () => {
  harness.api.script(() => {}, list([], '5'), watch());
  harness.start();
  await requests(1);
  await harness.clock.advance(60_000);
  await until(() => harness.failures.length === 1);
  await harness.clock.advance(1_000);
  await requests(3);
});

test('reconnects after an event that is cut in the middle, with what came before it', async () => {
  harness.api.script(list([], '5'), raw(`${JSON.stringify(added('a', '6'))}\n{"type":"ADDED","obj`), watch());
  harness.start();
  await until(() => harness.failures.some((failure) => failure !== null));
  expect(harness.names()).toEqual(['a']);
  expect(harness.failures.at(-1)?.message).toContain('in the middle of an event');
  await harness.clock.advance(1_000);
  const params = await requests(3);
  expect(params[2]?.get('resourceVersion')).toBe('6');
});

test('reconnects after a line that is not JSON', async () => {
  harness.api.script(list([], '5'), raw('<html>bad gateway</html>\n'), watch());
  harness.start();
  await until(() => harness.failures.length === 1);
  expect(harness.failures[0]?.message).toContain('not JSON');
});

test('ignores duplicates and older versions of an object', async () => {
  harness.api.script(
    list([pod('a', '4', { v: '4' })], '5'),
    watch(
      modified('a', '9', { v: '9' }),
      modified('a', '7', { v: '7' }),
      modified('a', '9', { v: '9' }),
      bookmark('12'),
    ),
  );
  harness.start();
  await until(() => harness.reflector.store.version === '12');
  expect(harness.changes).toHaveLength(2);
  const [change] = harness.reflector.store.contents();
  expect(change?.kind === 'pod' && change.value?.labels.get('v')).toBe('9');
});

test('lists again when an event revives an unknown object with an old version', async () => {
  harness.api.script(
    list([pod('a', '4')], '5'),
    watch(deleted('a', '8'), modified('a', '7')),
    list([], '9'),
    watch(),
  );
  harness.start();
  await until(() => harness.failures.some((failure) => failure !== null));
  await harness.clock.advance(1_000);
  await requests(4);
  expect(harness.names()).toEqual([]);
});

test('lists again when the server goes on refusing the version', async () => {
  harness.api.script(
    list([], '999'),
    ...Array.from({ length: 5 }, () => status(504)),
    list([], '3'),
    watch(),
  );
  harness.start();
  for (let failures = 1; failures <= 5; failures += 1) {
    await until(() => harness.failures.length === failures && harness.clock.pending.length > 0);
    await harness.clock.advance(harness.clock.pending[0] ?? 0);
  }
  const params = await requests(8);
  expect(params[7]?.get('resourceVersion')).toBe('3');
});

test('reports all well again once a watch has lived for a second', async () => {
  harness.api.script(status(503), list([], '5'), watch());
  harness.start();
  await until(() => harness.failures.length === 1);
  await harness.clock.advance(1_000);
  await requests(3);
  await until(() => harness.clock.pending.some((wait) => wait <= 1_000));
  expect(harness.failures).toHaveLength(1);
  await harness.clock.advance(1_000);
  expect(harness.failures.at(-1)).toBeNull();
});

test('one object that cannot be read is reported and does not keep the others out', async () => {
  harness.api.script(
    list([{ metadata: {} }, pod('a', '1')], '5'),
    watch({ type: 'ADDED', object: 7 }, added('b', '6')),
  );
  harness.start();
  await until(() => harness.names().length === 2);
  expect(harness.problems.map(([object]) => object)).toEqual(['Pod without a name', 'Pod without a name']);
});

test('ends at the signal, in the middle of a watch and of a wait', async () => {
  harness.api.script(list([], '5'), watch());
  harness.start();
  await requests(2);
  stop.abort();
  await running;
  expect(harness.clock.pending).toEqual([]);
});
