import type { Call } from './call.ts';
import type { IncludeObject, Rendering } from './render.ts';
import type { Resource } from './resources.ts';
import { fieldMatch, labelMatch, type Match } from './selectors.ts';
import { badRequest, StatusError } from './status.ts';

/** A parameter of a query that is there without a value counts as true. */
export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1' || value === '';
}

/** How the answers to a call are written; ages are reckoned from now. */
export function rendering(call: Call, resource: Resource): Rendering {
  return { media: call.media, resource, now: call.store.now(), includeObject: includeFrom(call) };
}

function includeFrom({ query }: Call): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw badRequest(`invalid includeObject value: ${value}`);
}

/** `labelSelector` and `fieldSelector` together; 400 for what cannot be parsed or is not indexed. */
export function matchFrom({ query }: Call, resource: Resource): Match {
  const labels = labelMatch(query.get('labelSelector') ?? '');
  const fields = fieldMatch(resource, query.get('fieldSelector') ?? '');
  return (object) => fields(object) && labels(object);
}

/** 504 for a resourceVersion that is still to come: clients ask again. */
export function tooLarge(revision: number, current: number): StatusError {
  const message = `Too large resource version: ${revision}, current: ${current}`;
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  return new StatusError(504, 'Timeout', message, { retryAfterSeconds: 1, causes });
}

/** A whole number of a query; 0 when absent. */
export function count(text: string | null, name: string): number {
  if (text === null || text === '') return 0;
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`invalid ${name} ${JSON.stringify(text)}: not a whole number`);
  return Number(text);
}
