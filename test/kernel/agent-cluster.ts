/**
 * A cluster for agent tests: lists and watches of four kinds over HTTP on a unix socket, and a relay inside
 * the sandbox that makes it reachable there.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Sandbox } from './sandbox.ts';

type Resource = 'pods' | 'namespaces' | 'nodes' | 'networkpolicies';

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
  readonly #watchers = new Set<{ resource: Resource; response: ServerResponse }>();
  readonly #server: Server;
  #version = 100;
  #relay: { kill(): void } | null = null;
  /** When set, every request is answered with it. */
  failure: number | null = null;

  constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', SERVER);
      if (this.failure !== null) {
        response.writeHead(this.failure);
        response.end(JSON.stringify({ kind: 'Status', message: 'as the test wants it' }));
        return;
      }
      const resource = url.pathname.split('/').at(-1) as Resource;
      if (url.searchParams.get('watch') === 'true') this.#watch(resource, response);
      else this.#list(resource, url.searchParams, response);
    });
  }

  get version(): string {
    return String(this.#version);
  }

  async open(sandbox: Sandbox): Promise<void> {
    const socket = join(sandbox.directory, 'api.sock');
    this.#server.listen(socket);
    await once(this.#server, 'listening');
    await sandbox.run('ip', ['link', 'set', 'lo', 'up']);
    const relay = execa('nsenter', [...sandbox.enter, process.execPath, '-e', RELAY, socket], {
      buffer: false,
      reject: false,
      stdin: 'ignore',
    });
    this.#relay = relay;
    await once(relay.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
  }

  async close(): Promise<void> {
    this.#relay?.kill();
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

  #stamp(object: ClusterObject): ClusterObject {
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: this.version } };
  }

  #send(resource: Resource, type: string, object: ClusterObject): void {
    for (const watcher of this.#watchers) {
      if (watcher.resource === resource) watcher.response.write(`${JSON.stringify({ type, object })}\n`);
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

  #watch(resource: Resource, response: ServerResponse): void {
    const watcher = { resource, response };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    response.writeHead(200);
    response.flushHeaders();
  }
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
