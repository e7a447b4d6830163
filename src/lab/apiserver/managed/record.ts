import { type Json, type JsonObject, type KubeObject, listAt, objectAt } from '../json.ts';
import { apiVersionOf, type Resource } from '../resources.ts';
import { compared, only, restricted, written } from './compare.ts';
import { difference, type FieldSet, fieldPlace, fieldSet, isEmpty, union } from './field-set.ts';
import {
  isManager,
  type Manager,
  type ManagerKey,
  readManagers,
  startingManagers,
  withManager,
  writeManagers,
} from './managers.ts';
import { shapeOf } from './shape.ts';
import { saidBy } from './walk.ts';

/** The part of an object that a request writes. */
export type Part = 'main' | 'status';

/** The fields of an object that somebody can own: not its type, its identity and what only the server writes. */
export function ownable(object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = object;
  const kept = Object.entries(objectAt(object, 'metadata')).filter(([name]) => !serverFields.has(name));
  return { ...rest, metadata: Object.fromEntries(kept) };
}

const serverFields: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'generateName',
  'generation',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
]);

/** Whether a field at the top belongs to the part. */
export function belongsTo(part: Part, { subresources }: Resource): (place: string) => boolean {
  const status = fieldPlace('status');
  if (part === 'status') return (place) => place === status;
  return subresources.includes('status') ? (place) => place !== status : () => true;
}

/** Who writes, in which version, for which part. */
export interface Writer {
  readonly name: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly part: Part;
  readonly now: string;
}

/** The entry that a writer of this version of a resource adds to. */
export function keyOf(
  resource: Resource,
  { name, subresource }: Writer,
  operation: Manager['operation'],
): ManagerKey {
  return { name, operation, subresource, apiVersion: apiVersionOf(resource) };
}

/**
 * The object with its managers after a create, an update or a patch: the writer owns what it changed, and nobody else
 * does any more; what is gone nobody owns. `given` is what was sent, which may bring managers of its own.
 */
export function recorded(
  resource: Resource,
  live: KubeObject | null,
  next: KubeObject,
  given: JsonObject,
  writer: Writer,
): KubeObject {
  const before = live ?? { metadata: {} };
  const all = compared(shapeOf(resource), ownable(before), ownable(next));
  const change = restricted(all, belongsTo(writer.part, resource));
  const key = keyOf(resource, writer, 'Update');
  const managers =
    writer.part === 'status'
      ? readManagers(listAt(before, 'metadata', 'managedFields'))
      : startingManagers(before, given);
  // An object that nobody owns is not tracked until somebody applies to it.
  if (live !== null && managers.length === 0) return withManagers(next, []);
  const lost = union(written(change), change.removed);
  const others = taken(managers, lost, (manager) => !isManager(manager, key));
  const had = managers.find((manager) => isManager(manager, key));
  const own =
    had === undefined ? written(change) : union(difference(had.fields, change.removed), written(change));
  return withManagers(
    next,
    withManager(others, key, only(own, belongsTo(writer.part, resource)), writer.now),
  );
}

/** The managers without some fields, for those who lose them. */
export function taken(
  managers: readonly Manager[],
  lost: FieldSet,
  loses: (manager: Manager) => boolean,
): readonly Manager[] {
  return managers
    .map((manager) => (loses(manager) ? { ...manager, fields: difference(manager.fields, lost) } : manager))
    .filter(({ fields }) => !isEmpty(fields));
}

/** What an ownable value says, as far as it belongs to the part. That there is metadata nobody says. */
export function claimed(resource: Resource, part: Part, value: Json): FieldSet {
  const said = difference(saidBy(shapeOf(resource), value), fieldSet([fieldPlace('metadata')], []));
  return only(said, belongsTo(part, resource));
}

/** The object as these managers own it. */
export function withManagers(object: KubeObject, managers: readonly Manager[]): KubeObject {
  const { managedFields: _old, ...metadata } = object.metadata;
  if (managers.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: writeManagers(managers) } };
}
