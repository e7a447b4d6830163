/**
 * A cluster for agent tests: lists and watches of four kinds over HTTP on a unix socket, and a relay inside
 * the sandbox that makes it reachable there.
 */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';
import { execa } from 'execa';
import type { WatchedResource } from '../../src/kinds/kinds.ts';
import type { Sandbox } from '../kit/sandbox.ts';
import { farEnd } from '../kit/waiting.ts';

type Resource = WatchedResource;

export interface ClusterObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** Joins what listens on 127.0.0.1 inside to the socket outside. */
const RELAY = `
const net = require('node:net');
net.createServer((inner) => {
  const outer = net.connect(process.argv[1]);
  const end = () => { inner.destroy(); outer.destroy(); };
  inner.on('error', end).on('close', end);
  outer.on('error', end).on('close', end);
  inner.pipe(outer).pipe(inner);
}).listen(6443, '127.0.0.1', () => process.stdout.write('ready'));
`;

export const SERVER = 'http://127.0.0.1:6443';

export class TestCluster {
  readonly #objects = new Map<string, { resource: Resource; object: ClusterObject }>();
  readonly #events: { resource: Resource; version: number; line: string }[] = [];
  readonly #watchers = new Set<{ resource: Resource; response: ServerResponse }>();
  readonly #server: Server;
  #version = 100;
  #relay: (PromiseLike<unknown> & { kill(): void }) | null = null;
  /** When set, every request is answered with it. */
  failure: number | null = null;
  /** The same for single kinds. */
  readonly failures: Map<Resource, number> = new Map();
  /** When set, requests without this token are answered with 401. */
  token: string | null = null;

  constructor(tls: { readonly cert: string; readonly key: string } | null = null) {
    const listener: RequestListener = (request, response) => {
      const url = new URL(request.url ?? '/', SERVER);
      const resource = url.pathname.split('/').at(-1) as Resource;
      const stranger = this.token !== null && request.headers.authorization !== `Bearer ${this.token}`;
      const failure = this.failure ?? this.failures.get(resource) ?? (stranger ? 401 : null);
      if (failure !== null) {
        response.writeHead(failure);
        response.end(JSON.stringify({ kind: 'Status', message: 'as the test wants it' }));
        return;
      }
      if (url.searchParams.get('watch') === 'true')
        this.#watch(resource, Number(url.searchParams.get('resourceVersion')), response);
      else this.#list(resource, url.searchParams, response);
    };
    this.#server = tls === null ? createServer(listener) : createTlsServer(tls, listener);
  }

  get version(): string {
    return String(this.#version);
  }

  async open(sandbox: Sandbox): Promise<void> {
    this.#server.listen(socketIn(sandbox));
    await once(this.#server, 'listening');
    await sandbox.run('ip', ['link', 'set', 'lo', 'up']);
    await this.connect(sandbox);
  }

  /** Again after `disconnect`. */
  async connect(sandbox: Sandbox): Promise<void> {
    const relay = execa('nsenter', [...sandbox.enter, process.execPath, '-e', RELAY, socketIn(sandbox)], {
      buffer: false,
      reject: false,
      stdin: 'ignore',
    });
    this.#relay = relay;
    await once(relay.stdout, 'data', { signal: farEnd() });
  }

  /** Nothing answers any more: connections are refused. */
  async disconnect(): Promise<void> {
    this.#relay?.kill();
    await this.#relay;
    this.#relay = null;
  }

  async close(): Promise<void> {
    await this.disconnect();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** As if every connection broke. */
  breakConnections(): void {
    this.#server.closeAllConnections();
  }

  put(resource: Resource, object: ClusterObject): void {
    const key = keyOf(resource, object.metadata.namespace, object.metadata.name);
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED';
    const stored = this.#stamp(object);
    this.#objects.set(key, { resource, object: stored });
    this.#send(resource, type, stored);
  }

  remove(resource: Resource, namespace: string | undefined, name: string): void {
    const key = keyOf(resource, namespace, name);
    const present = this.#objects.get(key);
    if (present === undefined) throw new Error(`no ${key}`);
    this.#objects.delete(key);
    this.#send(resource, 'DELETED', this.#stamp(present.object));
  }

  /** All that is done meanwhile arrives together. */
  burst(change: () => void): void {
    for (const { response } of this.#watchers) response.cork();
    change();
    for (const { response } of this.#watchers) response.uncork();
  }

  #stamp(object: ClusterObject): ClusterObject {
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: this.version } };
  }

  #send(resource: Resource, type: string, object: ClusterObject): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#events.push({ resource, version: this.#version, line });
    for (const watcher of this.#watchers) {
      if (watcher.resource === resource) watcher.response.write(line);
    }
  }

  #list(resource: Resource, query: URLSearchParams, response: ServerResponse): void {
    const all = [...this.#objects.values()].filter((each) => each.resource === resource);
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? all.length);
    const items = all.slice(start, end);
    response.end(
      JSON.stringify({
        kind: 'List',
        apiVersion: 'v1',
        metadata: {
          resourceVersion: this.version,
          ...(end < all.length ? { continue: String(end) } : {}),
        },
        items: items.map(({ object }) => object),
      }),
    );
  }

  #watch(resource: Resource, since: number, response: ServerResponse): void {
    const watcher = { resource, response };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    response.writeHead(200);
    response.flushHeaders();
    for (const event of this.#events) {
      if (event.resource === resource && event.version > since) response.write(event.line);
    }
  }
}

function socketIn(sandbox: Sandbox): string {
  return join(sandbox.directory, 'api.sock');
}

function keyOf(resource: Resource, namespace: string | undefined, name: string): string {
  return `${resource} ${namespace ?? ''}/${name}`;
}

export function pod(
  name: string,
  address: string,
  more: { node?: string; app?: string } = {},
): ClusterObject {
  return {
    metadata: { namespace: 'shop', name, uid: `uid-${name}`, labels: { app: more.app ?? name } },
    spec: { nodeName: more.node ?? 'node-a', containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  };
}

export function namespace(name: string): ClusterObject {
  return { metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } };
}

export function node(name: string, podCIDRs: readonly string[]): ClusterObject {
  return { metadata: { name }, spec: { podCIDRs }, status: { addresses: [] } };
}

/** Isolates `subject`; admits `peer` when there is one. */
export function policy(name: string, subject: string, peer?: string): ClusterObject {
  const selector = (app: string): object => ({ matchLabels: { app } });
  const ingress = peer === undefined ? [] : [{ from: [{ podSelector: selector(peer) }] }];
  return {
    metadata: { namespace: 'shop', name },
    spec: { podSelector: selector(subject), policyTypes: ['Ingress'], ingress },
  };
}
