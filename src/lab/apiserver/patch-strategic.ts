import { isArray, isObject, type Json, type JsonObject, sameJson } from './json.ts';
import { badRequest } from './status.ts';

/**
 * Strategic merge: like a merge patch, but lists of objects with a known key merge item by item.
 * Understands `$patch: replace|delete|merge`, `$retainKeys`, `$deleteFromPrimitiveList/x` and ignores
 * `$setElementOrder/x` but for the order of what it names.
 */
export function strategicPatch(document: JsonObject, patch: Json): JsonObject {
  if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch is an object');
  return mergeObject(document, patch, []);
}

/** Merge keys by the end of the path, from the `patchMergeKey` tags of the Kubernetes types. */
const mergeKeys: readonly { readonly end: readonly string[]; readonly key: string }[] = [
  { end: ['containers'], key: 'name' },
  { end: ['initContainers'], key: 'name' },
  { end: ['ephemeralContainers'], key: 'name' },
  { end: ['env'], key: 'name' },
  { end: ['volumes'], key: 'name' },
  { end: ['volumeMounts'], key: 'mountPath' },
  { end: ['volumeDevices'], key: 'devicePath' },
  { end: ['imagePullSecrets'], key: 'name' },
  { end: ['hostAliases'], key: 'ip' },
  { end: ['topologySpreadConstraints'], key: 'topologyKey' },
  { end: ['resourceClaims'], key: 'name' },
  { end: ['metadata', 'ownerReferences'], key: 'uid' },
  { end: ['status', 'conditions'], key: 'type' },
  { end: ['status', 'addresses'], key: 'type' },
  { end: ['status', 'podIPs'], key: 'ip' },
  { end: ['status', 'hostIPs'], key: 'ip' },
  { end: ['spec', 'taints'], key: 'key' },
  { end: ['containers', 'ports'], key: 'containerPort' },
  { end: ['initContainers', 'ports'], key: 'containerPort' },
  { end: ['spec', 'ports'], key: 'port' },
  { end: ['secrets'], key: 'name' },
];

/** Lists of plain values that merge as sets. */
const mergedValues: readonly (readonly string[])[] = [
  ['metadata', 'finalizers'],
  ['spec', 'podCIDRs'],
];

function endsWith(path: readonly string[], end: readonly string[]): boolean {
  return end.length <= path.length && end.every((step, i) => path[path.length - end.length + i] === step);
}

function mergeKeyOf(path: readonly string[]): string | null {
  return mergeKeys.find(({ end }) => endsWith(path, end))?.key ?? null;
}

function mergeObject(document: JsonObject, patch: JsonObject, path: readonly string[]): JsonObject {
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  const result = new Map<string, Json | undefined>(Object.entries(document));
  if (isArray(patch.$retainKeys)) {
    for (const key of [...result.keys()]) if (!patch.$retainKeys.includes(key)) result.delete(key);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch' || key === '$retainKeys' || key.startsWith('$setElementOrder/')) continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const name = key.slice('$deleteFromPrimitiveList/'.length);
      const current = result.get(name);
      if (isArray(current) && isArray(value)) {
        result.set(
          name,
          current.filter((item) => !value.some((gone) => sameJson(item, gone))),
        );
      }
      continue;
    }
    if (value === null || value === undefined) {
      result.delete(key);
      continue;
    }
    const here = [...path, key];
    const current = result.get(key);
    if (isObject(value)) result.set(key, mergeObject(isObject(current) ? current : {}, value, here));
    else if (isArray(value)) {
      const order = patch[`$setElementOrder/${key}`];
      result.set(key, mergeList(isArray(current) ? current : [], value, here, isArray(order) ? order : null));
    } else result.set(key, value);
  }
  return Object.fromEntries(result);
}

function mergeList(
  current: readonly Json[],
  patch: readonly Json[],
  path: readonly string[],
  order: readonly Json[] | null,
): readonly Json[] {
  const key = mergeKeyOf(path);
  if (patch.some((item) => isObject(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isObject(item) && item.$patch === 'replace')).map(clean);
  }
  if (key === null) {
    if (!mergedValues.some((end) => endsWith(path, end))) return patch.map(clean);
    return [...current, ...patch.filter((item) => !current.some((old) => sameJson(old, item)))];
  }
  const result: Json[] = [...current];
  for (const item of patch) {
    if (!isObject(item))
      throw badRequest(`error applying patch: an item of ${path.join('.')} is not an object`);
    const wanted = item[key];
    if (wanted === undefined) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    const place = findItem(result, key, item);
    const old = result[place];
    if (item.$patch === 'delete') {
      if (place >= 0) result.splice(place, 1);
    } else if (place >= 0 && isObject(old)) result[place] = mergeObject(old, item, path);
    else result.push(clean(item));
  }
  return order === null ? result : inOrder(result, key, order);
}

/** Ports may share their number when the protocols differ: the protocol, when given, decides between them. */
function findItem(items: readonly Json[], key: string, wanted: JsonObject): number {
  const same = (item: Json): boolean => isObject(item) && sameJson(item[key], wanted[key]);
  if (key === 'containerPort' || key === 'port') {
    const protocol = wanted.protocol;
    if (protocol !== undefined) {
      return items.findIndex((item) => same(item) && isObject(item) && (item.protocol ?? 'TCP') === protocol);
    }
  }
  return items.findIndex(same);
}

/** Items that `$setElementOrder` names come in its order; the others keep their place behind them. */
function inOrder(items: readonly Json[], key: string, order: readonly Json[]): readonly Json[] {
  const rank = (item: Json): number => {
    const place = order.findIndex(
      (named) => isObject(named) && isObject(item) && sameJson(named[key], item[key]),
    );
    return place < 0 ? order.length : place;
  };
  return items
    .map((item, place) => ({ item, place, rank: rank(item) }))
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(({ item }) => item);
}

function clean(value: Json): Json {
  if (isArray(value)) return value.map(clean);
  return isObject(value) ? withoutDirectives(value) : value;
}

/** What a patch means where nothing was before: its values without directives and nulls. */
function withoutDirectives(patch: JsonObject): JsonObject {
  const kept = Object.entries(patch).filter(([key, value]) => !key.startsWith('$') && value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, value === undefined ? value : clean(value)]));
}
