import type { ServerResponse } from 'node:http';
import type { Call } from './call.ts';
import type { JsonObject } from './json.ts';
import { count, isTrue, tooLarge } from './query.ts';
import { type Rendering, renderObject } from './render.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { type ListOptions, visible, type WatchEvent } from './selection.ts';
import { badRequest, StatusError } from './status.ts';
import type { Store } from './store.ts';

/** Bytes that may wait for a slow client before its watch is ended. */
const maxBacklogBytes = 64 * 1024 * 1024;

/** Open watches: one JSON event a line, bookmarks on request, ended by timeoutSeconds, the client or close(). */
export class WatchStreams {
  readonly #store: Store;
  readonly #bookmarkMs: number;
  readonly #open = new Map<() => void, Resource>();
  readonly #stopFollowing: () => void;

  constructor(store: Store, bookmarkMs: number) {
    this.#store = store;
    this.#bookmarkMs = bookmarkMs;
    this.#stopFollowing = store.catalog.follow(() => this.#endStale());
  }

  /** Watches of kinds that went or changed end, so that clients ask again for what is there. */
  #endStale(): void {
    for (const [end, resource] of [...this.#open]) {
      const { group, version, plural } = resource;
      if (this.#store.catalog.at(group, version, plural) !== resource) end();
    }
  }

  open(call: Call, rendering: Rendering, selection: ListOptions): void {
    const { query, request, response } = call;
    const { resource } = rendering;
    const { storage } = this.#store;
    const bookmarks = isTrue(query.get('allowWatchBookmarks') ?? 'false');
    const timeout = count(query.get('timeoutSeconds'), 'timeoutSeconds') || 1800;
    const first = this.#firstEvents(call, rendering, selection);
    let columns = true;
    const write = (type: string, object: JsonObject): void => {
      response.write(`${JSON.stringify({ type, object })}\n`);
      if (response.writableLength > maxBacklogBytes) response.destroy();
    };
    const show = (event: WatchEvent): void => {
      write(event.type, renderObject({ ...rendering, now: this.#store.now() }, event.object, columns));
      columns = false;
    };
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
    response.flushHeaders();
    if (first.error !== null) {
      write('ERROR', first.error.status());
      response.end();
      return;
    }
    for (const event of first.events) show(event);
    if (first.endMark) {
      write('BOOKMARK', bookmark(rendering, storage.revision, { 'k8s.io/initial-events-end': 'true' }));
    }
    // Followed inside the write, so no change can fall between the history and the live events.
    const unfollow = storage.follow(resource.name, (change) => {
      const event = visible(change, selection);
      if (event !== null) show(event);
    });
    const mark = setInterval(() => {
      if (bookmarks) write('BOOKMARK', bookmark(rendering, storage.revision, null));
    }, this.#bookmarkMs);
    const end = (): void => {
      if (!this.#open.delete(end)) return;
      unfollow();
      clearInterval(mark);
      clearTimeout(expiry);
      finish(response);
    };
    const expiry = setTimeout(end, timeout * 1000);
    this.#open.set(end, resource);
    response.on('close', end);
    request.on('error', end);
  }

  close(): void {
    this.#stopFollowing();
    for (const end of [...this.#open.keys()]) end();
  }

  #firstEvents(call: Call, rendering: Rendering, selection: ListOptions): FirstEvents {
    const { query } = call;
    const { storage } = this.#store;
    const name = rendering.resource.name;
    const asked = query.get('resourceVersion') ?? '';
    const revision = count(asked, 'resourceVersion');
    const initial = query.get('sendInitialEvents');
    if (initial !== null && query.get('resourceVersionMatch') !== 'NotOlderThan') {
      throw badRequest(
        'resourceVersionMatch: Required value: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
    }
    if (revision > storage.revision) {
      return { events: [], endMark: false, error: tooLarge(revision, storage.revision) };
    }
    if (revision === 0 ? initial !== 'false' : initial === 'true') {
      const { items } = this.#store.list(name, selection);
      const events = items.map(
        (object): WatchEvent => ({ type: 'ADDED', object, revision: storage.revision }),
      );
      return { events, endMark: initial === 'true', error: null };
    }
    if (revision === 0) return { events: [], endMark: false, error: null };
    try {
      const changes = storage.changesSince(name, revision);
      const events = changes.map((change) => visible(change, selection)).filter((event) => event !== null);
      return { events, endMark: false, error: null };
    } catch (error) {
      if (error instanceof StatusError) return { events: [], endMark: false, error };
      throw error;
    }
  }
}

interface FirstEvents {
  readonly events: readonly WatchEvent[];
  readonly endMark: boolean;
  readonly error: StatusError | null;
}

function bookmark(
  { resource, media }: Rendering,
  revision: number,
  annotations: JsonObject | null,
): JsonObject {
  const metadata: JsonObject = {
    resourceVersion: String(revision),
    creationTimestamp: null,
    ...(annotations === null ? {} : { annotations }),
  };
  switch (media) {
    case 'object':
      return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
    case 'partial':
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    case 'table':
      return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: [], rows: [] };
  }
}

function finish(response: ServerResponse): void {
  if (!response.destroyed && !response.writableEnded) response.end();
}
