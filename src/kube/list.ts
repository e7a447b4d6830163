/** Lists in pages, so that neither side holds more than one page of raw objects at a time. */
import { ApiError, apiError, ProtocolError } from './api-error.ts';
import { readText } from './body.ts';
import type { Transport } from './transport.ts';

export const PAGE_SIZE = 500;

export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
}

/**
 * Every page of one consistent list. When the continue token has expired the list begins again in one
 * piece: `restart` tells that everything handed out so far is void.
 */
export async function* listPages(
  transport: Transport,
  path: string,
  signal: AbortSignal,
  progress: () => void = () => {},
): AsyncGenerator<Page | { readonly restart: true }> {
  let token: string | null = null;
  let limit: number | null = PAGE_SIZE;
  for (;;) {
    const query = {
      ...(limit === null ? {} : { limit: String(limit) }),
      ...(token === null ? {} : { continue: token }),
    };
    try {
      const page = await getList(transport, path, query, signal, progress);
      yield { items: page.items, resourceVersion: page.resourceVersion };
      if (page.next === null) return;
      token = page.next;
    } catch (error) {
      if (!(error instanceof ApiError && error.expired && token !== null)) throw error;
      token = null;
      limit = null;
      yield { restart: true };
    }
  }
}

async function getList(
  transport: Transport,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
  progress: () => void,
): Promise<Page & { readonly next: string | null }> {
  const response = await transport.get(path, query, signal);
  progress();
  const text = await readText(response.body, progress);
  if (response.status !== 200) throw apiError(response.status, text, response.retryAfterMs);
  return parseList(text, path);
}

function parseList(text: string, path: string): Page & { readonly next: string | null } {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new ProtocolError(`GET ${path} did not return JSON: ${(error as Error).message}`);
  }
  const { items, metadata, kind, apiVersion } = record(list);
  const { resourceVersion, continue: next } = record(metadata);
  // Go writes an empty list as null.
  if (!(Array.isArray(items) || items === null) || typeof resourceVersion !== 'string') {
    throw new ProtocolError(`GET ${path} did not return a list`);
  }
  // The items of a list leave out what the list itself says.
  const type = { apiVersion, kind: typeof kind === 'string' ? kind.replace(/List$/, '') : kind };
  return {
    items: (items ?? []).map((item: unknown) => ({ ...type, ...record(item) })),
    resourceVersion,
    next: typeof next === 'string' && next !== '' ? next : null,
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
