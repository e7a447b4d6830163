import { isObject, type Json, type JsonObject, listAt, textAt } from '../json.ts';
import { type FieldSet, fromFieldsV1, isEmpty, sameSet, toFieldsV1 } from './field-set.ts';

/** One line of `metadata.managedFields`: who wrote which fields, and how. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  readonly time: string;
  readonly fields: FieldSet;
}

export type ManagerKey = Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>;

/** Whether an entry is the one that a writer adds to. */
export function isManager(manager: Manager, key: ManagerKey): boolean {
  return (
    manager.name === key.name &&
    manager.operation === key.operation &&
    manager.subresource === key.subresource &&
    // Who applies in another version is still the same.
    (key.operation === 'Apply' || manager.apiVersion === key.apiVersion)
  );
}

/** The entries of `managedFields` that say anything; others are left out. */
export function readManagers(entries: readonly Json[]): readonly Manager[] {
  return entries.filter(isObject).flatMap((entry) => {
    const operation = textAt(entry, 'operation');
    if (operation !== 'Apply' && operation !== 'Update') return [];
    const fields = fromFieldsV1(entry.fieldsV1);
    if (isEmpty(fields)) return [];
    const text = (field: string): string => textAt(entry, field);
    const [name, apiVersion] = [text('manager'), text('apiVersion')];
    return [{ name, operation, apiVersion, subresource: text('subresource'), time: text('time'), fields }];
  });
}

/**
 * The managers an update starts from: those its object brings, which a client may have edited, or those of the live
 * object. A list of one empty entry forgets them all.
 */
export function startingManagers(live: JsonObject, given: JsonObject): readonly Manager[] {
  const brought = listAt(given, 'metadata', 'managedFields');
  const [first] = brought;
  if (brought.length === 1 && isObject(first) && Object.keys(first).length === 0) return [];
  const managers = readManagers(brought);
  return managers.length > 0 ? managers : readManagers(listAt(live, 'metadata', 'managedFields'));
}

/** As the object carries them: those who apply first, then by time. */
export function writeManagers(managers: readonly Manager[]): readonly JsonObject[] {
  const order = (a: Manager, b: Manager): number =>
    a.operation.localeCompare(b.operation) || a.time.localeCompare(b.time) || a.name.localeCompare(b.name);
  return managers.toSorted(order).map(({ name, operation, apiVersion, subresource, time, fields }) => ({
    manager: name,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: toFieldsV1(fields),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

/** The managers with one of them at these fields, at this time if they are new to it; without it when there are none. */
export function withManager(
  managers: readonly Manager[],
  key: ManagerKey,
  fields: FieldSet,
  now: string,
): readonly Manager[] {
  const others = managers.filter((manager) => !isManager(manager, key));
  if (isEmpty(fields)) return others;
  const old = managers.find((manager) => isManager(manager, key));
  const time = old !== undefined && sameSet(old.fields, fields) ? old.time : now;
  return [...others, { ...key, time, fields }];
}
