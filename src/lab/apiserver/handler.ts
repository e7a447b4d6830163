import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './call.ts';
import type { Catalog } from './catalog.ts';
import { collectionAnswer } from './collection.ts';
import {
  apiVersionsDocument,
  groupDocument,
  groupListDocument,
  resourceListDocument,
  versionDocument,
} from './discovery.ts';
import type { Json, JsonObject } from './json.ts';
import { objectAnswer } from './object.ts';
import { openApiDocumentAt, openApiIndex, openApiV2Bytes, openApiV2Type } from './openapi.ts';
import { mediaFrom } from './render.ts';
import { targetOf } from './request-target.ts';
import { noSuchPath, StatusError } from './status.ts';
import type { Store } from './store.ts';
import { WatchStreams } from './watch-stream.ts';

/** Routes one request, and turns every refusal into a Status. */
export class Handler {
  readonly #store: Store;
  readonly #streams: WatchStreams;

  constructor(store: Store, options: { readonly bookmarkMs: number }) {
    this.#store = store;
    this.#streams = new WatchStreams(store, options.bookmarkMs);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request, response);
      if (answer !== null) send(response, answer.code, answer.body);
    } catch (error) {
      if (response.headersSent) {
        response.destroy();
        return;
      }
      const refusal = error instanceof StatusError ? error : internalError(error);
      // What was not read of the request would be taken for the next one.
      if (!request.complete) response.setHeader('Connection', 'close');
      send(response, refusal.code, refusal.status());
    }
  }

  close(): void {
    this.#streams.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    refuseBrowsers(request);
    const url = parseUrl(request.url ?? '/');
    if (request.method === 'GET' && url.pathname === '/openapi/v2') {
      response.writeHead(200, { 'Content-Type': openApiV2Type, 'Content-Length': openApiV2Bytes.length });
      response.end(openApiV2Bytes);
      return null;
    }
    const fixed = request.method === 'GET' ? fixedDocument(this.#store.catalog, url.pathname) : null;
    if (fixed !== null) return { code: 200, body: fixed };
    const target = targetOf(this.#store.catalog, url.pathname);
    if (target === null) throw noSuchPath();
    const call = {
      store: this.#store,
      request,
      response,
      query: url.searchParams,
      media: mediaFrom(request),
    };
    switch (target.kind) {
      case 'discovery': {
        const document = resourceListDocument(this.#store.catalog, target);
        if (document === null || request.method !== 'GET') throw noSuchPath();
        return { code: 200, body: document };
      }
      case 'collection':
        return await collectionAnswer(target, call, this.#streams);
      case 'object':
        return await objectAnswer(target, call);
    }
  }
}

/** There is no login, so a page of the web must not reach the lab through the browser of its user. */
function refuseBrowsers({ headers }: IncomingMessage): void {
  if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) return;
  throw new StatusError(403, 'Forbidden', 'the lab API server does not answer browsers');
}

function parseUrl(text: string): URL {
  try {
    return new URL(text, 'http://lab.invalid');
  } catch {
    throw noSuchPath();
  }
}

function fixedDocument(catalog: Catalog, path: string): Json | null {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  switch (trimmed) {
    case '/version':
      return versionDocument;
    case '/api':
      return apiVersionsDocument;
    case '/apis':
      return groupListDocument(catalog);
    case '/openapi/v3':
      return openApiIndex(catalog);
    case '/healthz':
    case '/livez':
    case '/readyz':
      return 'ok';
  }
  if (trimmed.startsWith('/openapi/v3/'))
    return openApiDocumentAt(catalog, trimmed.slice('/openapi/v3/'.length));
  const group = /^\/apis\/([^/]+)$/.exec(trimmed)?.[1];
  return group === undefined ? null : groupDocument(catalog, group);
}

function send(response: ServerResponse, code: number, body: Json): void {
  const plain = typeof body === 'string';
  const text = plain ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    'Content-Type': plain ? 'text/plain; charset=utf-8' : 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-cache, private',
  });
  response.end(text);
}

function internalError(error: unknown): StatusError {
  const message = error instanceof Error ? error.message : String(error);
  const details: JsonObject = { causes: [{ message }] };
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, details);
}
