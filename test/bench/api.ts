/** An API server for one reader: pages of lists, watches that stay open, objects made when they are asked for. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Raw } from './objects.ts';
import type { Kind } from './pipeline.ts';

export interface Listed {
  readonly length: number;
  at(index: number): Raw | undefined;
}

export class BenchApi {
  /** A kind without a list has no objects. */
  readonly #lists: Readonly<Partial<Record<Kind, Listed>>>;
  readonly #watches = new Map<string, ServerResponse>();
  readonly #server: Server;

  constructor(lists: Readonly<Partial<Record<Kind, Listed>>>) {
    this.#lists = lists;
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://api');
      const kind = url.pathname.split('/').at(-1) as Kind;
      if (url.searchParams.get('watch') === 'true') {
        this.#watches.set(kind, response);
        response.writeHead(200);
        response.flushHeaders();
      } else {
        this.#list(this.#lists[kind] ?? [], url.searchParams, response);
      }
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** One line of a watch. */
  send(kind: Kind, line: string): void {
    const watch = this.#watches.get(kind);
    if (watch === undefined) throw new Error(`nobody watches ${kind}`);
    watch.write(`${line}\n`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #list(list: Listed, query: URLSearchParams, response: ServerResponse): void {
    const start = Number(query.get('continue') ?? 0);
    const end = Math.min(list.length, start + Number(query.get('limit') ?? list.length));
    const items = Array.from({ length: end - start }, (_, index) => list.at(start + index));
    const metadata = {
      resourceVersion: '1000000',
      ...(end < list.length ? { continue: String(end) } : {}),
    };
    response.end(JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata, items }));
  }
}
