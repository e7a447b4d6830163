/** One watch request: from its answer to its end, handing on the events of each chunk together. */
import type { Clock } from '../time/clock.ts';
import { apiError, errorFromStatusObject, ProtocolError } from './api-error.ts';
import { readLines, readText } from './body.ts';
import type { Deadline } from './deadline.ts';
import type { WatchEvent } from './object-store.ts';
import type { Transport } from './transport.ts';

/** The API server sends a bookmark about every minute, so that silence for two means a dead connection. */
export const STALL_MS = 120_000;
/** Until the first byte of an answer. */
export const ANSWER_MS = 60_000;

export interface WatchRequest {
  readonly path: string;
  readonly version: string;
  /** After which the server ends the watch. */
  readonly timeoutSeconds: number;
}

export interface WatchHandler {
  /** The server has accepted the watch. */
  opened(): void;
  events(events: readonly WatchEvent[]): void;
}

/** Resolves at a clean end, with the milliseconds since it was opened; throws at every other. */
export async function watchOnce(
  transport: Transport,
  clock: Clock,
  request: WatchRequest,
  handler: WatchHandler,
  deadline: Deadline,
): Promise<number> {
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: request.version,
    timeoutSeconds: String(request.timeoutSeconds),
  };
  deadline.extend(ANSWER_MS);
  const response = await transport.get(request.path, query, deadline.signal);
  const progress = (): void => deadline.extend(STALL_MS);
  progress();
  if (response.status !== 200) {
    throw apiError(response.status, await readText(response.body, progress), response.retryAfterMs);
  }
  const opened = clock.now();
  handler.opened();
  for await (const lines of readLines(response.body, progress)) {
    const { events, error } = parseEvents(lines);
    if (events.length > 0) handler.events(events);
    if (error !== null) throw error;
  }
  return clock.now() - opened;
}

/** The events up to the first that is not one: those before it count. */
function parseEvents(lines: readonly string[]): { events: readonly WatchEvent[]; error: Error | null } {
  const events: WatchEvent[] = [];
  for (const line of lines) {
    try {
      events.push(parseEvent(line));
    } catch (error) {
      return { events, error: error as Error };
    }
  }
  return { events, error: null };
}

function parseEvent(line: string): WatchEvent {
  let event: { type?: unknown; object?: unknown } | null;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new ProtocolError(`the watch sent what is not JSON: ${(error as Error).message}`);
  }
  switch (event?.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type: event.type, object: event.object };
    case 'ERROR':
      throw errorFromStatusObject(event.object);
    default:
      throw new ProtocolError(`the watch sent an event of unknown type ${JSON.stringify(event?.type)}`);
  }
}
