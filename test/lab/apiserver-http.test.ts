import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CoreV1Api,
  KubeConfig,
  NetworkingV1Api,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, createApiServer } from '../../src/lab/apiserver/api-server.ts';
import { type Json, listAt, objectAt, textAt } from '../../src/lab/apiserver/json.ts';
import { pathOf } from '../../src/lab/apiserver/request-target.ts';
import { builtIns } from '../../src/lab/apiserver/resources.ts';
import { eventually } from '../kit/waiting.ts';

let api: ApiServer;
let url: string;

beforeAll(async () => {
  api = createApiServer({ serviceRanges: ['10.96.0.0/16'], historyLimit: 10, bookmarkMs: 50 });
  url = await api.listen({ host: '127.0.0.1', port: 0 });
});

afterAll(async () => {
  await api.close();
});

interface Answer {
  readonly code: number;
  readonly headers: Headers;
  readonly body: Json;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  });
  const parsed: Json = JSON.parse(await response.text());
  return { code: response.status, headers: response.headers, body: parsed };
}

const maps = '/api/v1/namespaces/default/configmaps';

interface Event {
  readonly type: string;
  readonly object: Json;
}

/** Opens a watch and gives what it has said so far; `ended` when the server closed it. */
async function watch(
  path: string,
  headers: Record<string, string> = {},
): Promise<{
  readonly events: readonly Event[];
  readonly ended: Promise<void>;
  stop(): void;
}> {
  const events: Event[] = [];
  const controller = new AbortController();
  const response = await fetch(`${url}${path}`, { headers, signal: controller.signal });
  if (response.status !== 200 || response.body === null) throw new Error(`watch: ${response.status}`);
  const stream = response.body;
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      events.push(...lines.map((line): Event => JSON.parse(line)));
    }
  };
  const ended = read().catch(() => undefined);
  return { events, ended, stop: () => controller.abort() };
}

describe('malformed requests get a Status, never more', () => {
  const map = { metadata: { name: 'm' } };
  const cases: readonly (readonly [string, string, string, unknown, number, string])[] = [
    ['text that is no JSON', 'POST', maps, '{"metadata":', 400, 'BadRequest'],
    ['no body', 'POST', maps, undefined, 400, 'BadRequest'],
    ['a list', 'POST', maps, [], 400, 'BadRequest'],
    ['bytes that are no UTF-8', 'POST', maps, new Uint8Array([0x22, 0xff, 0x22]), 400, 'BadRequest'],
    ['an object of another kind', 'POST', maps, { ...map, kind: 'Secret' }, 400, 'BadRequest'],
    ['another version', 'POST', maps, { ...map, apiVersion: 'v2' }, 400, 'BadRequest'],
    ['another namespace', 'POST', maps, { metadata: { name: 'm', namespace: 'x' } }, 400, 'BadRequest'],
    ['no name', 'POST', maps, {}, 422, 'Invalid'],
    ['a name of 254 characters', 'POST', maps, { metadata: { name: 'a'.repeat(254) } }, 422, 'Invalid'],
    ['nesting without end', 'POST', maps, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 400, 'BadRequest'],
    [
      '4 MB',
      'POST',
      maps,
      { metadata: { name: 'm' }, data: { a: 'x'.repeat(4_000_000) } },
      413,
      'RequestEntityTooLarge',
    ],
    ['a path nobody has', 'GET', '/api/v1/namespaces/default/gadgets', undefined, 404, 'NotFound'],
    ['a broken escape', 'GET', '/api/v1/namespaces/%zz', undefined, 404, 'NotFound'],
    ['a method nobody has', 'PUT', maps, map, 405, 'MethodNotAllowed'],
    ['all namespaces of a cluster', 'DELETE', '/api/v1/namespaces', undefined, 405, 'MethodNotAllowed'],
    ['a limit that is no number', 'GET', `${maps}?limit=-1`, undefined, 400, 'BadRequest'],
    ['a token of somebody else', 'GET', `${maps}?limit=1&continue=zzz`, undefined, 400, 'BadRequest'],
    ['a broken selector', 'GET', `${maps}?labelSelector=a%20in%20(`, undefined, 400, 'BadRequest'],
    ['an unknown fieldValidation', 'POST', `${maps}?fieldValidation=Sometimes`, map, 400, 'BadRequest'],
    ['a watch from the future', 'GET', `${maps}?resourceVersion=99999999`, undefined, 504, 'Timeout'],
  ];

  test.each(cases)('%s', async (_what, method, path, body, code, reason) => {
    const answer = await call(method, path, body);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code, reason });
    expect(answer.code).toBe(code);
    expect((await call('GET', '/api/v1/namespaces/default')).code).toBe(200);
  });

  test('an unknown media type is 415, an unknown wish 406', async () => {
    expect((await call('POST', maps, 'x', { 'Content-Type': 'text/html' })).code).toBe(415);
    expect((await call('GET', maps, undefined, { Accept: 'text/html' })).code).toBe(406);
    expect((await call('PATCH', `${maps}/x`, {}, { 'Content-Type': 'application/json' })).code).toBe(415);
  });

  test('a browser is refused: there is no login it could not get past', async () => {
    const answer = await call('GET', maps, undefined, { Origin: 'https://attacker.example' });
    expect(answer.body).toMatchObject({ code: 403, reason: 'Forbidden' });
  });

  test('any JSON as an object or a patch is stored or refused, and never an internal error', async () => {
    const key = fc.constantFrom(
      'metadata',
      'spec',
      'name',
      'labels',
      'ports',
      'ingress',
      'from',
      '__proto__',
      'constructor',
      'containers',
      'template',
      'data',
      '$patch',
      'op',
      'path',
    );
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>(
          null,
          true,
          0,
          -1,
          1.5,
          80,
          2 ** 40,
          '',
          'a',
          '10.0.0.0/8',
          'TCP',
          'replace',
          '/metadata',
        ),
        fc.string({ unit: 'binary', maxLength: 8 }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 5 }),
      ),
    })).value;
    await call('POST', '/api/v1/namespaces/default/pods', {
      metadata: { name: 'target' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    const patches = [
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/strategic-merge-patch+json',
      'application/apply-patch+yaml',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...builtIns), json, fc.boolean(), async (resource, value, named) => {
        const body =
          named && typeof value === 'object' && value !== null
            ? { ...value, metadata: { generateName: 'x-' } }
            : value;
        const created = await call('POST', pathOf(resource, resource.namespaced ? 'default' : '', ''), body);
        expect(created.code, JSON.stringify(created.body)).toBeLessThan(500);
        for (const type of patches) {
          const patched = await call(
            'PATCH',
            '/api/v1/namespaces/default/pods/target?fieldManager=fuzz',
            type.includes('apply') && typeof body === 'object'
              ? { apiVersion: 'v1', kind: 'Pod', ...body }
              : body,
            { 'Content-Type': type },
          );
          expect(patched.code, JSON.stringify(patched.body)).toBeLessThan(500);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('bodies', () => {
  test('YAML is as good as JSON', async () => {
    const yaml = 'metadata:\n  name: yaml\ndata:\n  a: "1"\n';
    expect((await call('POST', maps, yaml, { 'Content-Type': 'application/yaml' })).body).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'yaml', namespace: 'default' },
      data: { a: '1' },
    });
  });

  test('unknown fields are refused, warned of or ignored, as asked', async () => {
    const map = (name: string): unknown => ({ metadata: { name }, color: 'red' });
    const strict = await call('POST', `${maps}?fieldValidation=Strict`, map('f1'));
    expect(textAt(strict.body, 'message')).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "color"',
    );
    const warned = await call('POST', `${maps}?fieldValidation=Warn`, map('f2'));
    expect(warned.headers.get('warning')).toBe('299 - "unknown field \\"color\\""');
    const ignored = await call('POST', `${maps}?fieldValidation=Ignore`, map('f3'));
    expect(ignored.headers.get('warning')).toBeNull();
    for (const { body } of [warned, ignored]) expect(body).not.toHaveProperty('color');
  });

  test('label keys that are names of JavaScript survive', async () => {
    const labels = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' };
    const { body } = await call('POST', maps, { metadata: { name: 'odd', labels } });
    expect(objectAt(body, 'metadata', 'labels')).toEqual(labels);
    const found = await call('GET', `${maps}?labelSelector=constructor%3Da`);
    expect(listAt(found.body, 'items')).toHaveLength(1);
    expect(listAt((await call('GET', `${maps}?labelSelector=valueOf`)).body, 'items')).toHaveLength(0);
  });
});

describe('lists', () => {
  test('pages show one moment, whatever happens between them; an old page is 410', async () => {
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'paged' } });
    const path = '/api/v1/namespaces/paged/configmaps';
    for (const name of ['a', 'b', 'c', 'd']) await call('POST', path, { metadata: { name } });
    const first = await call('GET', `${path}?limit=2`);
    expect(objectAt(first.body, 'metadata').remainingItemCount).toBe(2);
    await call('DELETE', `${path}/c`);
    await call('POST', path, { metadata: { name: 'aa' } });
    const token = encodeURIComponent(textAt(first.body, 'metadata', 'continue'));
    const second = await call('GET', `${path}?limit=2&continue=${token}`);
    const names = [...listAt(first.body, 'items'), ...listAt(second.body, 'items')].map((item) =>
      textAt(item, 'metadata', 'name'),
    );
    expect(names).toEqual(['a', 'b', 'c', 'd']);
    expect(textAt(second.body, 'metadata', 'resourceVersion')).toBe(
      textAt(first.body, 'metadata', 'resourceVersion'),
    );
    for (let turn = 0; turn < 40; turn += 1)
      await call(
        'PATCH',
        `${path}/a`,
        { data: { turn: String(turn) } },
        { 'Content-Type': 'application/merge-patch+json' },
      );
    const late = await call('GET', `${path}?limit=2&continue=${token}`);
    expect(late.body).toMatchObject({ code: 410, reason: 'Expired' });
  });

  test('tables and metadata alone, on request', async () => {
    const table = await call('GET', '/api/v1/namespaces', undefined, {
      Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect(table.body).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name', format: 'name' }, { name: 'Status' }, { name: 'Age' }],
    });
    const partial = await call('GET', '/api/v1/namespaces', undefined, {
      Accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
    });
    expect(listAt(partial.body, 'items')[0]).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: expect.anything(),
    });
  });
});

describe('watches', () => {
  test('go on from a resourceVersion without loss, and see what leaves their selection as deleted', async () => {
    const { body } = await call('GET', maps);
    await call('POST', maps, { metadata: { name: 'w', labels: { on: 'yes' } } });
    const { events, stop } = await watch(
      `${maps}?watch=1&labelSelector=on&resourceVersion=${textAt(body, 'metadata', 'resourceVersion')}`,
    );
    await call(
      'PATCH',
      `${maps}/w`,
      { data: { a: '1' } },
      { 'Content-Type': 'application/merge-patch+json' },
    );
    await call(
      'PATCH',
      `${maps}/w`,
      { metadata: { labels: { on: null } } },
      { 'Content-Type': 'application/merge-patch+json' },
    );
    await call('DELETE', `${maps}/w`);
    await eventually('three events', () => events.length >= 3);
    stop();
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    const versions = events.map(({ object }) => Number(textAt(object, 'metadata', 'resourceVersion')));
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  });

  test('from a forgotten version end with 410', async () => {
    for (let turn = 0; turn < 40; turn += 1) {
      await call('POST', maps, { metadata: { name: 'old' } });
      await call('DELETE', `${maps}/old`);
    }
    const { events, ended } = await watch(`${maps}?watch=1&resourceVersion=2`);
    await ended;
    expect(events).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    ]);
  });

  test('bring bookmarks to those who asked, and only to them', async () => {
    const asked = await watch('/api/v1/nodes?watch=1&allowWatchBookmarks=true');
    const plain = await watch('/api/v1/nodes?watch=1');
    await call('POST', maps, { metadata: { name: 'elsewhere' } });
    const { body } = await call('GET', `${maps}/elsewhere`);
    await eventually('a bookmark past the write of another resource', () =>
      asked.events.some(
        ({ type, object }) =>
          type === 'BOOKMARK' &&
          Number(textAt(object, 'metadata', 'resourceVersion')) >=
            Number(textAt(body, 'metadata', 'resourceVersion')),
      ),
    );
    expect(asked.events.at(-1)?.object).toMatchObject({ kind: 'Node', apiVersion: 'v1' });
    expect(plain.events.filter(({ type }) => type === 'BOOKMARK')).toEqual([]);
    asked.stop();
    plain.stop();
  });

  test('can begin with the whole state and say when it is complete', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const { events, stop } = await watch(`/api/v1/namespaces?${query}`);
    await eventually('the mark', () => events.some(({ type }) => type === 'BOOKMARK'));
    stop();
    const mark = events.find(({ type }) => type === 'BOOKMARK');
    expect(objectAt(mark?.object, 'metadata', 'annotations')).toEqual({
      'k8s.io/initial-events-end': 'true',
    });
    expect(events.filter(({ type }) => type === 'ADDED').length).toBeGreaterThanOrEqual(4);
  });

  test('end when their time is up and when the server closes', async () => {
    const short = await watch('/api/v1/pods?watch=1&timeoutSeconds=1');
    await short.ended;
    const other = createApiServer({ serviceRanges: [] });
    const where = await other.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${where}/api/v1/pods?watch=1`);
    await other.close();
    await response.text().catch(() => undefined);
    await expect(fetch(`${where}/version`)).rejects.toThrow();
  });

  test('a watcher in the same process sees writes in order, also those it makes itself', async () => {
    const { store } = createApiServer({ serviceRanges: [] });
    const seen: string[] = [];
    const stop = store.watch('configmaps', ({ type, object, revision }) => {
      seen.push(`${type} ${object.metadata.name} ${revision === Number(object.metadata.resourceVersion)}`);
      if (type === 'ADDED' && object.metadata.name === 'a')
        store.create('configmaps', { metadata: { name: 'b' } });
    });
    store.create('configmaps', { metadata: { name: 'a' } });
    store.delete('configmaps', { namespace: 'default', name: 'a' });
    await eventually('three events', () => seen.length >= 3);
    stop();
    expect(seen).toEqual(['ADDED a true', 'DELETED a true', 'ADDED b true']);
    expect(store.resourceVersionOf('configmaps')).toBe(
      store.get('configmaps', { namespace: 'default', name: 'b' })?.metadata.resourceVersion,
    );
  });
});

describe('where it listens', () => {
  test('a unix socket serves the same objects as TCP', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'policyd-socket-'));
    const path = join(directory, 'api.sock');
    expect(await api.listen({ path })).toBe(path);
    const code = await new Promise<number>((resolve, reject) => {
      const asked = request({ socketPath: path, path: '/api/v1/namespaces/default' }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', reject);
      asked.end();
    });
    expect(code).toBe(200);
    await rm(directory, { recursive: true });
  });
});

describe('the Kubernetes client for JavaScript', () => {
  test('creates, reads, patches, watches and deletes', async () => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'lab', server: url, skipTLSVerify: true }, { name: 'lab' });
    const core = config.makeApiClient(CoreV1Api);
    const networking = config.makeApiClient(NetworkingV1Api);
    await core.createNamespace({ body: { metadata: { name: 'client' } } });
    const events: string[] = [];
    const controller = await new Watch(config).watch(
      '/apis/networking.k8s.io/v1/namespaces/client/networkpolicies',
      {},
      (type: string) => events.push(type),
      () => undefined,
    );
    const body = { metadata: { name: 'deny' }, spec: { podSelector: {} } };
    const created = await networking.createNamespacedNetworkPolicy({ namespace: 'client', body });
    expect(created.spec?.policyTypes).toEqual(['Ingress']);
    const labelled = await networking.patchNamespacedNetworkPolicy(
      { namespace: 'client', name: 'deny', body: { metadata: { labels: { a: 'b' } } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(labelled.metadata?.labels).toEqual({ a: 'b' });
    const list = await networking.listNetworkPolicyForAllNamespaces({ labelSelector: 'a=b' });
    expect(list.items).toHaveLength(1);
    await networking.deleteNamespacedNetworkPolicy({ namespace: 'client', name: 'deny' });
    await eventually('three events', () => events.length >= 3);
    controller.abort();
    expect(events).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });
});
