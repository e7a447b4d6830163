import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startDefinitionKeeper } from './custom/keeper.ts';
import { Handler } from './handler.ts';
import { Store } from './store.ts';

export interface ApiServerOptions {
  /** CIDRs that Services get their ClusterIP from: one of IPv4, of IPv6, or one of each. */
  readonly serviceRanges: readonly string[];
  readonly now?: () => Date;
  /** How many changes per resource a watch can catch up with. Default 1000. */
  readonly historyLimit?: number;
  /** Milliseconds between bookmarks to watches that asked for them. Default 30000. */
  readonly bookmarkMs?: number;
}

export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * An API server for the lab only: no authentication, no authorization, nothing on disk.
 * Whoever can connect can do everything, so it must listen only inside the lab or on the loopback of its user.
 */
export class ApiServer {
  readonly store: Store;
  readonly #handler: Handler;
  readonly #stopKeeper: () => void;
  readonly #servers = new Set<Server>();

  constructor(options: ApiServerOptions) {
    this.store = new Store({
      serviceRanges: options.serviceRanges,
      now: options.now ?? (() => new Date()),
      historyLimit: options.historyLimit ?? 1000,
    });
    this.#handler = new Handler(this.store, { bookmarkMs: options.bookmarkMs ?? 30_000 });
    this.#stopKeeper = startDefinitionKeeper(this.store);
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.store.create('namespaces', { metadata: { name } });
    }
  }

  /** Answers with the address in use: the URL for TCP (port 0 takes any), the path for a unix socket. */
  async listen(address: ListenAddress): Promise<string> {
    const server = createServer((request, response) => this.#answer(request, response));
    // Watches live as long as their client wants.
    server.requestTimeout = 60_000;
    server.keepAliveTimeout = 65_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#servers.add(server);
    const bound = server.address();
    return typeof bound === 'string' || bound === null ? (bound ?? '') : urlOf(bound);
  }

  /** Ends all watches and connections. */
  async close(): Promise<void> {
    this.#handler.close();
    this.#stopKeeper();
    const closing = [...this.#servers].map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    );
    this.#servers.clear();
    await Promise.all(closing);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#handler.handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

/** Not listening yet: `listen` says where, `close` ends it. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options);
}

function urlOf({ address, port, family }: AddressInfo): string {
  return family === 'IPv6' ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}
