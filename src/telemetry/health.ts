/**
 * Read-only HTTP for kubelet, policyctl and people: /healthz (the process works), /readyz (it enforces what
 * the cluster says now), /status. On a unix socket, or on an address of the machine.
 */
import { chmod, lstat, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Failure } from '../model/failure.ts';
import type { AgentStatus } from '../status/status.ts';

const MOST_CONNECTIONS = 64;
/** For a request to be made, and for the next one on the same connection. */
const PATIENCE_MS = 5_000;

export type HealthAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** `unix:PATH` or `HOST:PORT`; null: neither. */
export function parseHealthAddress(text: string): HealthAddress | null {
  if (text.startsWith('unix:')) return text.length > 5 ? { kind: 'unix', path: text.slice(5) } : null;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port > 65_535 ? null : { kind: 'tcp', host, port };
}

export interface HealthServer {
  /** Where it listens, with the port that was given when 0 was asked for. */
  readonly address: string;
  close(): Promise<void>;
}

/** Throws a Failure (USAGE) when it cannot listen there. `status` is asked at each request. */
export async function serveHealth(address: HealthAddress, status: () => AgentStatus): Promise<HealthServer> {
  const server = createServer(
    {
      headersTimeout: PATIENCE_MS,
      requestTimeout: PATIENCE_MS,
      connectionsCheckingInterval: PATIENCE_MS / 5,
    },
    (request, response) => answer(request, response, status),
  );
  server.keepAliveTimeout = PATIENCE_MS;
  bound(server);
  if (address.kind === 'unix') await removeAbandoned(address.path);
  await listen(server, address);
  if (address.kind === 'unix') await chmod(address.path, 0o600);
  return {
    address: boundAddress(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Whoever comes is let in, and for it the one that has been there longest goes: a probe asks at once and is answered
 * at once, so that those who only sit there, however many, keep nobody out.
 */
function bound(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= MOST_CONNECTIONS) return;
    for (const oldest of open) {
      open.delete(oldest);
      oldest.destroy();
      return;
    }
  });
}

function answer(request: IncomingMessage, response: ServerResponse, status: () => AgentStatus): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'only GET\n');
    return;
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/healthz':
      send(response, 200, 'text/plain', 'ok\n');
      return;
    case '/readyz': {
      const { ready, degraded, verified } = status();
      const reasons = [
        ...degraded.map(({ code, message }) => `${code}: ${message}\n`),
        ...(verified ? [] : ['not verified: a table is read, since somebody else may have changed it\n']),
      ].join('');
      send(response, ready ? 200 : 503, 'text/plain', ready ? 'ok\n' : reasons || 'not yet in sync\n');
      return;
    }
    case '/status':
      send(response, 200, 'application/json', `${JSON.stringify(status(), null, 2)}\n`);
      return;
    default:
      send(response, 404, 'text/plain', 'try /healthz, /readyz or /status\n');
  }
}

function send(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function listen(server: Server, address: HealthAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new Failure('USAGE', `cannot serve health on ${describe(address)}: ${error.message}`, {
          hint: 'give another address with --health unix:PATH or --health HOST:PORT',
          cause: error,
        }),
      );
    });
    if (address.kind === 'unix') server.listen(address.path, resolve);
    else server.listen(address.port, address.host, resolve);
  });
}

/** A socket left behind by a killed agent is removed; one that answers belongs to somebody. */
async function removeAbandoned(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found?.isSocket() && (await refusesConnections(path))) await rm(path, { force: true });
}

function refusesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

function boundAddress(server: Server, address: HealthAddress): string {
  const bound = server.address();
  return address.kind === 'tcp' && typeof bound === 'object' && bound !== null
    ? describe({ ...address, port: bound.port })
    : describe(address);
}

function describe(address: HealthAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
