import { parseBody, readBody } from './body.ts';
import type { Call } from './call.ts';
import type { DeleteOptions } from './deletion.ts';
import { isObject, type JsonObject, objectAt, textAt } from './json.ts';
import { badRequest } from './status.ts';

/** DeleteOptions from the body, and what old clients put into the query. */
export async function deleteOptions(call: Call): Promise<DeleteOptions> {
  const body = parseBody(await readBody(call.request)) ?? {};
  if (!isObject(body)) throw badRequest('DeleteOptions is not an object');
  return deleteOptionsOf(body, call.query);
}

/** From the fields of a body, else from the query; 400 for a value that means nothing. */
export function deleteOptionsOf(body: JsonObject, query: URLSearchParams): DeleteOptions {
  const grace = body.gracePeriodSeconds ?? query.get('gracePeriodSeconds');
  const policy = body.propagationPolicy ?? query.get('propagationPolicy') ?? undefined;
  const { uid, resourceVersion } = preconditions(body);
  return {
    ...(grace === null || grace === undefined ? {} : { gracePeriodSeconds: seconds(grace) }),
    ...(uid === '' && resourceVersion === ''
      ? {}
      : {
          preconditions: {
            ...(uid === '' ? {} : { uid }),
            ...(resourceVersion === '' ? {} : { resourceVersion }),
          },
        }),
    ...(isPolicy(policy) ? { propagationPolicy: policy } : {}),
  };
}

function preconditions(body: JsonObject): { readonly uid: string; readonly resourceVersion: string } {
  const given = objectAt(body, 'preconditions');
  return { uid: textAt(given, 'uid'), resourceVersion: textAt(given, 'resourceVersion') };
}

function seconds(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw badRequest(
      `invalid gracePeriodSeconds ${JSON.stringify(value)}: must be a whole number, 0 or more`,
    );
  }
  return number;
}

function isPolicy(value: unknown): value is 'Background' | 'Foreground' | 'Orphan' {
  if (value === undefined || value === '') return false;
  if (value === 'Background' || value === 'Foreground' || value === 'Orphan') return true;
  throw badRequest(
    `invalid propagationPolicy ${JSON.stringify(value)}: must be Background, Foreground or Orphan`,
  );
}
