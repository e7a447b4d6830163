import { isObject, type Json, type JsonObject, type KubeObject, listAt, textAt } from '../json.ts';
import type { Resource } from '../resources.ts';
import { compared, restricted, written } from './compare.ts';
import { conflicting, conflictsOf } from './conflict.ts';
import { difference, emptySet, type FieldSet, intersection, isEmpty, union } from './field-set.ts';
import { isManager, type Manager, readManagers, withManager } from './managers.ts';
import { merged } from './merge.ts';
import { belongsTo, claimed, keyOf, ownable, taken, type Writer } from './record.ts';
import { type Shape, shapeOf } from './shape.ts';
import { saidBy, withNamed, without } from './walk.ts';

/**
 * Server-side apply: the live object with what is applied and without what this manager applied before and nobody
 * else owns. 409 when somebody else owns a field that would change, unless `force`.
 */
export function applied(
  resource: Resource,
  live: KubeObject | null,
  config: JsonObject,
  writer: Writer & { readonly force: boolean },
): { readonly object: JsonObject; readonly managers: readonly Manager[] } {
  const shape = shapeOf(resource);
  const mine = belongsTo(writer.part, resource);
  const before = ownable(live ?? { metadata: {} });
  const wanted = Object.fromEntries(Object.entries(ownable(config)).filter(([name]) => mine(`f:${name}`)));
  const key = keyOf(resource, writer, 'Apply');
  const managers = live === null ? [] : withBeforeFirstApply(resource, live, writer.now);
  const last = managers.find((manager) => isManager(manager, key))?.fields;
  const owned = withManager(managers, key, claimed(resource, writer.part, wanted), writer.now);
  const whole = merged(shape, before, wanted);
  const next = last === undefined ? whole : pruned(shape, whole, owned, last);
  const change = restricted(compared(shape, before, next), mine);
  const isOther = (manager: Manager): boolean => !isManager(manager, key);
  const conflicts = conflictsOf(owned.filter(isOther), written(change));
  if (conflicts.length > 0 && !writer.force && !takesOver(shape, live, writer, conflicts))
    throw conflicting(conflicts);
  const lost = union(written(change), change.removed);
  return { object: isObject(next) ? next : {}, managers: taken(owned, lost, isOther) };
}

/** Removes what was applied last and is not any more, but for what somebody owns and what was there before. */
function pruned(shape: Shape, whole: Json, managers: readonly Manager[], last: FieldSet): Json {
  const named = (set: FieldSet): FieldSet => withNamed(shape, set, whole);
  const less = without(shape, whole, named(last));
  const everything = named(saidBy(shape, whole));
  const owned = managers.reduce((all, { fields }) => union(all, fields), emptySet);
  const kept = union(named(saidBy(shape, less)), named(owned));
  const candidate = without(shape, whole, difference(everything, kept));
  const gone = difference(everything, named(saidBy(shape, candidate)));
  return without(shape, whole, intersection(gone, named(last)));
}

/** An object that is not tracked belongs to a manager of that name, as far as it goes. */
function withBeforeFirstApply(resource: Resource, live: KubeObject, now: string): readonly Manager[] {
  const managers = readManagers(listAt(live, 'metadata', 'managedFields'));
  if (managers.length > 0) return managers;
  const writer: Writer = { name: 'before-first-apply', subresource: '', part: 'main', now };
  return withManager([], keyOf(resource, writer, 'Update'), claimed(resource, 'main', ownable(live)), now);
}

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * `kubectl apply --server-side` of what was applied without it before: what the annotation says and nobody changed
 * since is kubectl's already.
 */
function takesOver(
  shape: Shape,
  live: KubeObject | null,
  writer: Writer,
  conflicts: readonly { readonly fields: FieldSet }[],
): boolean {
  if (writer.name !== 'kubectl' || live === null) return false;
  const text = textAt(live, 'metadata', 'annotations', lastApplied);
  if (text === '') return false;
  const annotation = parsed(text);
  if (annotation === null) return false;
  const given = ownable(annotation);
  const { added, removed, modified } = compared(shape, given, ownable(live));
  const untouched = difference(saidBy(shape, given), union(union(added, removed), modified));
  return conflicts.every(({ fields }) => isEmpty(difference(fields, untouched)));
}

/** Null for what is no object: anybody may write an annotation. */
function parsed(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
