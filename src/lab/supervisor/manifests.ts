import { readFile } from 'node:fs/promises';
import { Failure } from '../../model/failure.ts';
import { isObject, type JsonObject, objectAt, textAt } from '../apiserver/json.ts';
import type { ResourceName } from '../apiserver/resources.ts';
import { StatusError } from '../apiserver/status.ts';
import type { Store } from '../apiserver/store.ts';

/**
 * Creates the objects of the files, in order. All are tried; any refusal fails the lab afterwards, with
 * every message: a lab that runs without one of its policies would be open where its user expects it shut.
 * `warn` hears what the API server takes and does not do.
 */
export async function createManifests(
  store: Store,
  files: readonly string[],
  warn: (message: string) => void = () => undefined,
): Promise<number> {
  const objects: JsonObject[] = [];
  for (const file of files) {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    for (const object of Array.isArray(content) ? content : [content])
      if (isObject(object)) objects.push(object);
  }
  const refusals = objects
    .map((object) => createOne(store, object, warn))
    .filter((refusal) => refusal !== null);
  if (refusals.length > 0) {
    throw new Failure('LAB_FAILED', `the lab's API server refused:\n${refusals.join('\n')}`, {
      hint: 'correct the manifests given with -f; each namespace needs a Namespace object of its own',
    });
  }
  return objects.length;
}

/** The refusal as one line, or null. */
function createOne(store: Store, object: JsonObject, warn: (message: string) => void): string | null {
  const kind = textAt(object, 'kind');
  const apiVersion = textAt(object, 'apiVersion');
  const resource = store.catalog.ofKind(apiVersion, kind);
  if (resource === null) return `${kind} (${apiVersion}): the lab does not have this kind`;
  const named = (message: string): void => warn(`${kind} ${textAt(object, 'metadata', 'name')}: ${message}`);
  const fields = { validation: 'Strict', warn: named } as const;
  try {
    if (existsAlready(store, resource.name, object)) relabel(store, resource.name, object);
    else store.create(resource.name, object, { version: resource.version, fields, manager: applier });
    return null;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const namespace = textAt(object, 'metadata', 'namespace');
    const name = textAt(object, 'metadata', 'name');
    return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}: ${error.message}`;
  }
}

/** The objects carry the annotation of `kubectl apply`, so its manager owns them, and a later apply goes on. */
const applier = { name: 'kubectl-client-side-apply', subresource: '' };

/** Namespaces and nodes that the lab makes itself may be named in manifests, to label them. */
function existsAlready(store: Store, resource: ResourceName, object: JsonObject): boolean {
  if (resource !== 'namespaces' && resource !== 'nodes') return false;
  const found = store.get(resource, { namespace: '', name: textAt(object, 'metadata', 'name') });
  return found !== null && objectAt(found, 'metadata', 'annotations')[OWN] === 'true';
}

function relabel(store: Store, resource: ResourceName, object: JsonObject): void {
  const key = { namespace: '', name: textAt(object, 'metadata', 'name') };
  store.edit(resource, key, (old) => ({
    ...old,
    metadata: {
      ...old.metadata,
      labels: { ...objectAt(old, 'metadata', 'labels'), ...objectAt(object, 'metadata', 'labels') },
      // Without the mark a second object of this name is the duplicate it is.
      annotations: objectAt(object, 'metadata', 'annotations'),
    },
  }));
}

const OWN = 'lab.policyd.dev/own';

/** Marks what is there now as the lab's own. */
export function markOwn(store: Store): void {
  for (const resource of ['namespaces', 'nodes'] as const) {
    for (const { metadata } of store.list(resource).items) {
      store.edit(resource, { namespace: '', name: metadata.name }, (old) => ({
        ...old,
        metadata: {
          ...old.metadata,
          annotations: { ...objectAt(old, 'metadata', 'annotations'), [OWN]: 'true' },
        },
      }));
    }
  }
}
