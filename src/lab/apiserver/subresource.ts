import { parseBody, readBody } from './body.ts';
import { type Answer, type Call, isDryRun } from './call.ts';
import { deleteOptionsOf } from './delete-options.ts';
import { isObject, type JsonObject, objectAt, textAt } from './json.ts';
import type { ObjectTarget } from './request-target.ts';
import { scaleAnswer } from './scale.ts';
import { badRequest, methodNotAllowed, noSuchPath } from './status.ts';

/** The subresources beside status: binding, eviction, scale. */
export async function subresourceAnswer(target: ObjectTarget, call: Call): Promise<Answer> {
  const { resource, subresource } = target;
  const known = resource.subresources.find((item) => item === subresource);
  switch (known) {
    case 'binding':
      return await bind(target, call);
    case 'eviction':
      return await evict(target, call);
    case 'scale':
      return await scaleAnswer(target, call);
    default:
      throw noSuchPath();
  }
}

const created: Answer = {
  code: 201,
  body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
};

async function bind(target: ObjectTarget, call: Call): Promise<Answer> {
  const { namespace, name } = target;
  const node = textAt(await posted(target, call), 'target', 'name');
  if (node === '') throw badRequest('target.name: Required value');
  if (!isDryRun(call)) call.store.bind({ namespace, name }, node);
  return created;
}

/** There are no disruption budgets here, so an eviction is a deletion. */
async function evict(target: ObjectTarget, call: Call): Promise<Answer> {
  const { namespace, name } = target;
  const options = deleteOptionsOf(objectAt(await posted(target, call), 'deleteOptions'), call.query);
  call.store.need('pods', { namespace, name });
  if (!isDryRun(call)) call.store.delete('pods', { namespace, name }, options);
  return created;
}

async function posted({ resource }: ObjectTarget, call: Call): Promise<JsonObject> {
  if (call.request.method !== 'POST') throw methodNotAllowed(resource, call.request.method ?? '');
  const body = parseBody(await readBody(call.request));
  if (!isObject(body)) throw badRequest('the body of the request is not an object');
  return body;
}
