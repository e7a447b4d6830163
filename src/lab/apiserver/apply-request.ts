import { type Body, parseJson, parseYaml, textOf } from './body.ts';
import {
  type Answer,
  type Call,
  checkKind,
  fieldRule,
  invalidOption,
  isDryRun,
  managerFrom,
  placed,
} from './call.ts';
import { isObject, type JsonObject, listAt } from './json.ts';
import { isTrue, rendering } from './query.ts';
import { renderObject } from './render.ts';
import type { ObjectTarget } from './request-target.ts';
import { badRequest } from './status.ts';

/** Whether a PATCH with this body is a server-side apply. */
export function isApply({ mediaType }: Body): boolean {
  return mediaType === 'application/apply-patch+yaml';
}

/** Server-side apply on an object or its status: PATCH with what the manager wants, in YAML or JSON. */
export function applyAnswer(target: ObjectTarget, call: Call, body: Body): Answer {
  const { resource, namespace, name, subresource } = target;
  if ((call.query.get('fieldManager') ?? '') === '')
    throw invalidOption('fieldManager', 'Required value', 'is required for apply patch');
  const config = configOf(body);
  checkKind(config, resource);
  const { object, created } = call.store.apply(
    resource.name,
    { namespace, name },
    placed(config, resource, namespace, name),
    {
      part: subresource === 'status' ? 'status' : 'main',
      force: isTrue(call.query.get('force') ?? 'false'),
      dryRun: isDryRun(call),
      version: resource.version,
      fields: fieldRule(call),
      manager: managerFrom(call, subresource),
    },
  );
  return { code: created ? 201 : 200, body: renderObject(rendering(call, resource), object) };
}

function configOf(body: Body): JsonObject {
  const text = textOf(body);
  const config = text.trimStart().startsWith('{') ? parseJson(text) : parseYaml(text);
  if (!isObject(config)) throw badRequest('error decoding YAML: what is applied is not an object');
  for (const field of ['apiVersion', 'kind'])
    if (config[field] === undefined) throw badRequest(`error decoding YAML: ${field} is missing`);
  if (listAt(config, 'metadata', 'managedFields').length > 0)
    throw badRequest('metadata.managedFields must be nil');
  return config;
}
