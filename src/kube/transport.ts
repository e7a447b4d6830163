/** One GET to the API server, answered with a raw stream: all that lists and watches need. */
import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { retryAfter } from './api-error.ts';
import { bearerOf } from './token-file.ts';

export type Query = Readonly<Record<string, string>>;

export interface ApiResponse {
  readonly status: number;
  /** What Retry-After asked for, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** Throws when the connection breaks before its end; breaking off the iteration closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  get(path: string, query: Query, signal: AbortSignal): Promise<ApiResponse>;
}

/** Headers and TLS are asked from the kubeconfig for each request, because tokens and certificates rotate. */
export function createTransport(config: KubeConfig, userAgent: string): Transport {
  const agents = new Agents();
  return {
    async get(path, query, signal) {
      const cluster = config.getCurrentCluster();
      const url = new URL(`${(cluster?.server ?? '').replace(/\/+$/, '')}${path}`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const secured: https.RequestOptions = {};
      await config.applyToHTTPSOptions(secured);
      const options: https.RequestOptions = {
        ...secured,
        headers: {
          ...secured.headers,
          ...bearerOf(config.getCurrentUser()),
          accept: 'application/json',
          'user-agent': userAgent,
        },
        agent: cluster?.proxyUrl ? secured.agent : agents.for(url, secured),
        signal,
      };
      return await send(url, options);
    },
  };
}

function send(url: URL, options: https.RequestOptions): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? https.request(url, options) : http.request(url, options);
    let answered = false;
    request.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection may have been closed by the server just now. If no answer was begun, ask again.
      if (request.reusedSocket && error.code === 'ECONNRESET' && !answered) resolve(send(url, options));
      else reject(error);
    });
    request.on('response', (response) => {
      answered = true;
      // Whoever reads the body is told; when nobody reads any more, an abort must not end the process.
      response.on('error', () => {});
      resolve({
        status: response.statusCode ?? 0,
        retryAfterMs: retryAfter(response.headers['retry-after']),
        body: response,
      });
    });
    request.end();
  });
}

/** Connections are kept and shared, until the certificates change: a TLS handshake costs more than a list. */
class Agents {
  #agent: http.Agent | null = null;
  #key = '';

  for(url: URL, { ca, cert, key, rejectUnauthorized, servername }: https.RequestOptions): http.Agent {
    const identity = [url.protocol, ca, cert, key, rejectUnauthorized, servername].map(String).join('\n');
    if (this.#agent !== null && this.#key === identity) return this.#agent;
    const options = { keepAlive: true, keepAliveMsecs: 30_000 };
    this.#agent =
      url.protocol === 'https:'
        ? new https.Agent({
            ...options,
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
            ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
            ...(servername === undefined ? {} : { servername }),
          })
        : new http.Agent(options);
    this.#key = identity;
    return this.#agent;
  }
}
