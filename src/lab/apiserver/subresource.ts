import { parseBody, readBody } from './body.ts';
import { type Answer, type Call, isDryRun } from './call.ts';
import { textAt } from './json.ts';
import type { ObjectRoute } from './route.ts';
import { badRequest, methodNotAllowed, noSuchPath } from './status.ts';

/** The subresources beside status: binding, finalize, scale, eviction. */
export async function subresourceAnswer(route: ObjectRoute, call: Call): Promise<Answer> {
  const { resource, subresource } = route;
  const known = resource.subresources.find((item) => item === subresource);
  if (known === undefined) throw noSuchPath();
  switch (known) {
    case 'binding':
      return await bind(route, call);
    default:
      throw methodNotAllowed(resource, call.request.method ?? '');
  }
}

async function bind({ resource, namespace, name }: ObjectRoute, call: Call): Promise<Answer> {
  if (call.request.method !== 'POST') throw methodNotAllowed(resource, call.request.method ?? '');
  const target = textAt(parseBody(await readBody(call.request)), 'target', 'name');
  if (target === '') throw badRequest('target.name: Required value');
  if (!isDryRun(call)) call.store.bind({ namespace, name }, target);
  return {
    code: 201,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}
