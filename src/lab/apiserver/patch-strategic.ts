import { isArray, isObject, type Json, type JsonObject, sameJson } from './json.ts';
import { type ListKey, type MergeRule, mergeRuleOf, typedRule } from './schema/merge-rules.ts';
import { type FieldType, fieldsOf } from './schema/schema.ts';
import { badRequest } from './status.ts';

/**
 * Strategic merge: like a merge patch, but lists of objects with a known key merge item by item. Which lists, and
 * by which key, the type says. Understands `$patch: replace|delete|merge`, `$retainKeys`,
 * `$deleteFromPrimitiveList/x` and ignores `$setElementOrder/x` but for the order of what it names.
 */
export function strategicPatch(kind: string, document: JsonObject, patch: Json): JsonObject {
  if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch is an object');
  return mergeObject({ kind: 'struct', name: kind }, document, patch);
}

const freeForm: FieldType = { kind: 'primitive', name: 'any' };

/** A field of an object of this type: fields of structs are known, entries of maps are all of one type. */
function inside(type: FieldType, field: string): readonly [FieldType, MergeRule] {
  switch (type.kind) {
    case 'struct':
      return [fieldsOf(type.name).get(field)?.type ?? freeForm, mergeRuleOf(type.name, field)];
    case 'map':
      return [type.of, typedRule];
    case 'list':
    case 'primitive':
      return [freeForm, typedRule];
  }
}

function mergeObject(type: FieldType, document: JsonObject, patch: JsonObject): JsonObject {
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
    const [of, rule] = inside(type, key);
    const current = result.get(key);
    if (isObject(value)) result.set(key, mergeObject(of, isObject(current) ? current : {}, value));
    else if (isArray(value)) {
      const order = patch[`$setElementOrder/${key}`];
      const list = mergeList(of, rule, isArray(current) ? current : [], value);
      result.set(key, isArray(order) && rule.patchKey ? inOrder(list, rule.patchKey, order) : list);
    } else result.set(key, value);
  }
  return Object.fromEntries(result);
}

function mergeList(
  type: FieldType,
  rule: MergeRule,
  current: readonly Json[],
  patch: readonly Json[],
): readonly Json[] {
  const { patchKey } = rule;
  if (patch.some((item) => isObject(item) && item.$patch === 'replace')) {
    return patch.filter((item) => !(isObject(item) && item.$patch === 'replace')).map(clean);
  }
  if (patchKey === null) return patch.map(clean);
  if (patchKey === '')
    return [...current, ...patch.filter((item) => !current.some((old) => sameJson(old, item)))];
  const itemType = type.kind === 'list' ? type.of : freeForm;
  const result: Json[] = [...current];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest('error applying patch: an item of a list is not an object');
    if (item[patchKey] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${patchKey}`);
    const place = result.findIndex((old) => isObject(old) && isSame(rule, patchKey, old, item));
    const old = result[place];
    if (item.$patch === 'delete') {
      if (place >= 0) result.splice(place, 1);
    } else if (place >= 0 && isObject(old)) result[place] = mergeObject(itemType, old, item);
    else result.push(clean(item));
  }
  return result;
}

/** Ports may share their number when the protocols differ: what else tells items apart decides where it is given. */
function isSame({ keys }: MergeRule, patchKey: string, old: JsonObject, item: JsonObject): boolean {
  const others = keys.filter(({ name }) => name !== patchKey && item[name] !== undefined);
  const equal = ({ name, fallback }: ListKey): boolean => sameJson(old[name] ?? fallback, item[name]);
  return sameJson(old[patchKey], item[patchKey]) && others.every(equal);
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
