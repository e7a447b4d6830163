/** An HTTP server that answers each request with the next step of a script: what reflector tests talk to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Step = (response: ServerResponse, request: IncomingMessage) => void;

export class ScriptedApi {
  /** Path and query of every request so far. */
  readonly requests: URL[] = [];
  readonly #server: Server;
  readonly #steps: Step[] = [];
  readonly #open: ServerResponse[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(new URL(request.url ?? '/', 'http://api'));
      this.#open.push(response);
      const step = this.#steps.shift() ?? failUnscripted;
      step(response, request);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  script(...steps: readonly Step[]): void {
    this.#steps.push(...steps);
  }

  /** The answer that began last, to go on with or to break. */
  get last(): ServerResponse {
    const response = this.#open.at(-1);
    if (response === undefined) throw new Error('no request yet');
    return response;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const failUnscripted: Step = (response, request) => {
  response.writeHead(500);
  response.end(`nothing scripted for ${request.url}`);
};

export function list(items: readonly object[], version: string, next?: string): Step {
  return (response) => {
    response.setHeader('content-type', 'application/json');
    const metadata = { resourceVersion: version, ...(next === undefined ? {} : { continue: next }) };
    response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata, items }));
  };
}

/** Stays open after the events. */
export function watch(...events: readonly object[]): Step {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Step {
  return (response) => {
    response.writeHead(code, headers);
    response.end(JSON.stringify({ kind: 'Status', code, message: `scripted ${code}` }));
  };
}

export function raw(text: string): Step {
  return (response) => {
    response.writeHead(200);
    response.end(text);
  };
}
