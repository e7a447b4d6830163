import { parseBody, readBody } from './body.ts';
import { type Answer, type Call, isDryRun, managerFrom } from './call.ts';
import { at, isObject, type JsonObject, type KubeObject, numberAt, textAt, withPath } from './json.ts';
import { patchOf } from './patch.ts';
import type { ObjectTarget } from './request-target.ts';
import type { Resource, ScalePaths } from './resources.ts';
import { conform } from './schema/conform.ts';
import { badRequest, methodNotAllowed } from './status.ts';
import { selectorText } from './table/selector-text.ts';

/** autoscaling/v1 Scale of Deployments, ReplicaSets and custom kinds that have one. */
export async function scaleAnswer(target: ObjectTarget, call: Call): Promise<Answer> {
  const { resource, namespace, name } = target;
  const key = { namespace, name };
  switch (call.request.method) {
    case 'GET':
      return { code: 200, body: scaleOf(resource, call.store.need(resource.name, key)) };
    case 'PUT': {
      const body = parseBody(await readBody(call.request));
      if (!isObject(body)) throw badRequest('the body of the request is not a Scale');
      return write(target, call, body);
    }
    case 'PATCH': {
      const patch = patchOf(await readBody(call.request), null);
      return write(target, call, patch.apply(scaleOf(resource, call.store.need(resource.name, key))));
    }
    default:
      throw methodNotAllowed(resource, call.request.method ?? '');
  }
}

function write({ resource, namespace, name }: ObjectTarget, call: Call, input: JsonObject): Answer {
  const { object, mismatch } = conform('Scale', input);
  if (mismatch !== null) throw badRequest(`Scale in version "v1" cannot be handled as a Scale: ${mismatch}`);
  const replicas = numberAt(object, 'spec', 'replicas') ?? 0;
  const current = call.store.need(resource.name, { namespace, name });
  const resourceVersion = textAt(object, 'metadata', 'resourceVersion');
  const versioned = { ...current, metadata: { ...current.metadata, resourceVersion } };
  const next = withPath(versioned, pathsOf(resource).spec, replicas);
  const updated = call.store.update(resource.name, next, {
    dryRun: isDryRun(call),
    manager: managerFrom(call, 'scale'),
  });
  return { code: 200, body: scaleOf(resource, updated) };
}

const usual: ScalePaths = {
  spec: ['spec', 'replicas'],
  status: ['status', 'replicas'],
  selector: ['spec', 'selector'],
};

function pathsOf({ custom }: Resource): ScalePaths {
  return custom?.scale ?? usual;
}

function scaleOf(resource: Resource, object: KubeObject): KubeObject {
  const { name, namespace = '', uid, resourceVersion, creationTimestamp } = object.metadata;
  const paths = pathsOf(resource);
  const chosen = paths.selector.length === 0 ? undefined : at(object, ...paths.selector);
  const selector = typeof chosen === 'string' ? chosen : selectorText(chosen);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, ...paths.spec) ?? 0 },
    status: {
      replicas: numberAt(object, ...paths.status) ?? 0,
      ...(chosen === undefined ? {} : { selector }),
    },
  };
}
