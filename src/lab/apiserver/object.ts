import { applyAnswer, isApply } from './apply-request.ts';
import { readBody } from './body.ts';
import {
  type Answer,
  type Call,
  checkKind,
  fieldRule,
  invalidOption,
  isDryRun,
  managerFrom,
  objectBody,
  placed,
} from './call.ts';
import { deleteOptions } from './delete-options.ts';
import type { JsonObject, KubeObject } from './json.ts';
import { patchOf } from './patch.ts';
import { rendering } from './query.ts';
import { inVersion, renderObject } from './render.ts';
import type { ObjectTarget } from './request-target.ts';
import { qualifiedName } from './resources.ts';
import { methodNotAllowed, noSuchPath, notImplemented } from './status.ts';
import { subresourceAnswer } from './subresource.ts';

/** GET, PUT, PATCH and DELETE on one object or one of its subresources. */
export async function objectAnswer(target: ObjectTarget, call: Call): Promise<Answer> {
  const { resource, namespace, name, subresource } = target;
  if (subresource !== '' && subresource !== 'status') {
    refuseStreams(target);
    return await subresourceAnswer(target, call);
  }
  if (subresource === 'status' && !resource.subresources.includes('status')) throw noSuchPath();
  const key = { namespace, name };
  const show = (object: KubeObject): Answer => ({
    code: 200,
    body: renderObject(rendering(call, resource), object),
  });
  const write = (object: JsonObject, patch?: string): KubeObject => {
    const manager = managerFrom(call, subresource);
    const options = {
      dryRun: isDryRun(call),
      version: resource.version,
      fields: fieldRule(call, patch),
      manager,
    };
    if (subresource === 'status') return call.store.updateStatus(resource.name, object, options);
    return call.store.update(resource.name, object, options);
  };
  switch (call.request.method) {
    case 'GET':
      return show(call.store.need(resource.name, key));
    case 'PUT':
      return show(write(placed(await objectBody(call, resource), resource, namespace, name)));
    case 'PATCH': {
      const body = await readBody(call.request);
      if (isApply(body)) return applyAnswer(target, call, body);
      if (call.query.has('force'))
        throw invalidOption('force', 'Forbidden', 'may not be specified for non-apply patch');
      const patch = patchOf(body, resource);
      // Read and written in the same turn: nobody can come between.
      const current = inVersion(resource, call.store.need(resource.name, key));
      const next = patch.apply(current);
      checkKind(next, resource);
      return show(write(placed(next, resource, namespace, name), patch.text));
    }
    case 'DELETE': {
      if (subresource !== '') throw methodNotAllowed(resource, 'delete');
      const options = await deleteOptions(call);
      if (isDryRun(call)) return show(call.store.need(resource.name, key));
      const last = call.store.delete(resource.name, key, options);
      if (call.store.get(resource.name, key) !== null) return show(last);
      return { code: 200, body: deletedStatus(target, last) };
    }
    default:
      throw methodNotAllowed(resource, call.request.method ?? '');
  }
}

function deletedStatus({ resource, name }: ObjectTarget, last: KubeObject): JsonObject {
  // Pods answer with the object, as the real server does for graceful resources.
  if (resource.name === 'pods') return last;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.plural,
      uid: last.metadata.uid,
    },
  };
}

const streams: ReadonlySet<string> = new Set(['exec', 'attach', 'log', 'portforward', 'proxy']);

function refuseStreams({ resource, namespace, name, subresource }: ObjectTarget): void {
  const [first = ''] = subresource.split('/');
  if (!streams.has(first)) return;
  const example = `policyctl probe ${namespace === '' ? '' : `${namespace}/`}${name} TARGET:PORT`;
  throw notImplemented(
    `${qualifiedName(resource)} ${JSON.stringify(name)}: the lab's pods run no containers, so ${first} is not implemented; to connect from a pod use: ${example}`,
  );
}
