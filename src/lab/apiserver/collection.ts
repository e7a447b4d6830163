import { type Answer, type Call, fieldRule, isDryRun, managerFrom, objectBody, placed } from './call.ts';
import { deleteOptions } from './delete-options.ts';
import type { JsonObject, KubeObject } from './json.ts';
import { count, isTrue, matchFrom, rendering, tooLarge } from './query.ts';
import { renderList, renderObject } from './render.ts';
import type { CollectionTarget } from './request-target.ts';
import type { Resource } from './resources.ts';
import { badRequest, expired, methodNotAllowed } from './status.ts';
import type { Snapshot } from './storage.ts';
import type { WatchStreams } from './watch-stream.ts';

/** GET (list, watch), POST and DELETE on a collection. */
export async function collectionAnswer(
  target: CollectionTarget,
  call: Call,
  streams: WatchStreams,
): Promise<Answer> {
  const { resource, namespace } = target;
  switch (call.request.method) {
    case 'GET':
      if (target.watch || isTrue(call.query.get('watch'))) {
        const selection = { namespace, match: matchFrom(call, resource) };
        streams.open(call, rendering(call, resource), selection);
        return null;
      }
      return { code: 200, body: list(target, call) };
    case 'POST': {
      if (resource.namespaced && namespace === '') throw methodNotAllowed(resource, 'create');
      const body = placed(await objectBody(call, resource), resource, namespace, null);
      const created = call.store.create(resource.name, body, {
        dryRun: isDryRun(call),
        version: resource.version,
        fields: fieldRule(call),
        manager: managerFrom(call, ''),
      });
      return { code: 201, body: renderObject(rendering(call, resource), created) };
    }
    case 'DELETE': {
      if (resource.name === 'namespaces') throw methodNotAllowed(resource, 'deletecollection');
      const options = await deleteOptions(call);
      const { items, resourceVersion } = call.store.list(resource.name, {
        namespace,
        match: matchFrom(call, resource),
      });
      const deleted: KubeObject[] = [];
      for (const { metadata } of items) {
        const key = { namespace: metadata.namespace ?? '', name: metadata.name };
        if (isDryRun(call)) deleted.push(call.store.need(resource.name, key));
        else deleted.push(call.store.delete(resource.name, key, options));
      }
      return { code: 200, body: renderList(rendering(call, resource), { resourceVersion }, deleted) };
    }
    default:
      throw methodNotAllowed(resource, call.request.method ?? '');
  }
}

function list({ resource, namespace }: CollectionTarget, call: Call): JsonObject {
  const limit = count(call.query.get('limit'), 'limit');
  const token = call.query.get('continue') ?? '';
  const page = token === '' ? null : readToken(token);
  const { revision, objects } = snapshot(call, resource, page);
  const match = matchFrom(call, resource);
  const selected = objects.filter(
    (object) => (namespace === '' || object.metadata.namespace === namespace) && match(object),
  );
  const rest = page === null ? selected : selected.filter((object) => slotOf(object) > page.after);
  const items = limit === 0 ? rest : rest.slice(0, limit);
  const last = items.at(-1);
  const remaining = rest.length - items.length;
  const selecting = (call.query.get('labelSelector') ?? '') + (call.query.get('fieldSelector') ?? '') !== '';
  return renderList(
    rendering(call, resource),
    {
      resourceVersion: String(revision),
      ...(remaining > 0 && last !== undefined
        ? { continue: writeToken({ revision, after: slotOf(last) }) }
        : {}),
      ...(remaining > 0 && !selecting ? { remainingItemCount: remaining } : {}),
    },
    items,
  );
}

function snapshot(call: Call, resource: Resource, page: Page | null): Snapshot {
  const { storage } = call.store;
  const asked = call.query.get('resourceVersion') ?? '';
  const revision = asked === '' ? 0 : count(asked, 'resourceVersion');
  if (page !== null) {
    if (revision !== 0) throw badRequest('specifying resource version is not allowed when using continue');
    try {
      return storage.snapshot(resource.name, page.revision);
    } catch {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
      );
    }
  }
  if (revision > storage.revision) throw tooLarge(revision, storage.revision);
  if (call.query.get('resourceVersionMatch') === 'Exact') return storage.snapshot(resource.name, revision);
  return storage.snapshot(resource.name);
}

interface Page {
  readonly revision: number;
  readonly after: string;
}

function slotOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}\0${metadata.name}`;
}

function writeToken(page: Page): string {
  return Buffer.from(JSON.stringify([page.revision, page.after])).toString('base64url');
}

function readToken(token: string): Page {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (Array.isArray(value) && Number.isSafeInteger(value[0]) && typeof value[1] === 'string') {
      return { revision: Number(value[0]), after: value[1] };
    }
  } catch {
    // Falls through to the refusal: a token that is not ours.
  }
  throw badRequest('continue key is not valid');
}
