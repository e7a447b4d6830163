import { isArray, isObject, type Json, type JsonObject, sameJson, withKey } from './json.ts';
import { badRequest } from './status.ts';

/** RFC 6902: add, remove, replace, move, copy, test. */
export function jsonPatch(document: JsonObject, patch: Json): JsonObject {
  if (!isArray(patch)) throw badRequest('error decoding patch: a JSON patch is a list of operations');
  let result: Json = document;
  for (const operation of patch) result = apply(result, operation);
  if (!isObject(result)) throw badRequest('the patched document is not an object');
  return result;
}

function apply(document: Json, operation: Json): Json {
  if (!isObject(operation)) throw badRequest('error decoding patch: an operation is an object');
  const path = pointer(operation.path);
  switch (operation.op) {
    case 'add':
      return add(document, path, needValue(operation));
    case 'remove':
      read(document, path);
      return remove(document, path);
    case 'replace':
      read(document, path);
      return replace(document, path, needValue(operation));
    case 'move': {
      const from = pointer(operation.from);
      return add(remove(document, from), path, read(document, from));
    }
    case 'copy':
      return add(document, path, read(document, pointer(operation.from)));
    case 'test':
      if (!sameJson(read(document, path), operation.value ?? null)) {
        throw badRequest(`testing value ${String(operation.path)} failed`);
      }
      return document;
    default:
      throw badRequest(`unexpected kind of operation: ${JSON.stringify(operation.op ?? null)}`);
  }
}

function needValue(operation: JsonObject): Json {
  if (operation.value === undefined) throw badRequest(`operation ${String(operation.op)} has no value`);
  return operation.value;
}

function pointer(text: Json | undefined): readonly string[] {
  if (text === '') return [];
  if (typeof text !== 'string' || !text.startsWith('/')) {
    throw badRequest(`invalid JSON pointer ${JSON.stringify(text ?? null)}`);
  }
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function missing(path: readonly string[]): Error {
  return badRequest(`the server rejected our request: no value at /${path.join('/')} in the object`);
}

function read(document: Json, path: readonly string[]): Json {
  let here: Json = document;
  for (const step of path) {
    const next: Json | undefined = isArray(here)
      ? here[index(step, here.length - 1)]
      : isObject(here) && Object.hasOwn(here, step)
        ? here[step]
        : undefined;
    if (next === undefined) throw missing(path);
    here = next;
  }
  return here;
}

function index(step: string, last: number): number {
  const value = /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : -1;
  if (value < 0 || value > last)
    throw badRequest(`invalid index ${JSON.stringify(step)} in a list of ${last + 1}`);
  return value;
}

function add(document: Json, path: readonly string[], value: Json): Json {
  return edit(
    document,
    path,
    (parent, step) => {
      if (!isArray(parent)) return withKey(parent, step, value);
      const place = step === '-' ? parent.length : index(step, parent.length);
      return parent.toSpliced(place, 0, value);
    },
    value,
  );
}

function replace(document: Json, path: readonly string[], value: Json): Json {
  return edit(
    document,
    path,
    (parent, step) => {
      if (!isArray(parent)) return withKey(parent, step, value);
      return parent.with(index(step, parent.length - 1), value);
    },
    value,
  );
}

function remove(document: Json, path: readonly string[]): Json {
  return edit(
    document,
    path,
    (parent, step) => {
      if (!isArray(parent)) return withKey(parent, step, undefined);
      return parent.toSpliced(index(step, parent.length - 1), 1);
    },
    null,
  );
}

function edit(
  document: Json,
  path: readonly string[],
  change: (parent: JsonObject | readonly Json[], step: string) => Json,
  root: Json,
): Json {
  const [head, ...rest] = path;
  if (head === undefined) return root;
  if (!isObject(document) && !isArray(document)) throw missing(path);
  if (rest.length === 0) return change(document, head);
  if (isArray(document)) {
    const place = index(head, document.length - 1);
    return document.with(place, edit(document[place] ?? null, rest, change, root));
  }
  const child = Object.hasOwn(document, head) ? document[head] : undefined;
  if (child === undefined) throw missing(path);
  return withKey(document, head, edit(child, rest, change, root));
}
