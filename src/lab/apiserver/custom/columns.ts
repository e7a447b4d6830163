import { isObject, type Json, type JsonObject, type KubeObject, listAt, numberAt, textAt } from '../json.ts';
import { ageColumn, type Column, nameColumn, since } from '../table/column.ts';
import { firstAt, type JsonPath, parseJsonPath } from './json-path.ts';

export const columnTypes: readonly string[] = ['boolean', 'date', 'integer', 'number', 'string'];

/** What `kubectl get` prints of a custom kind: the `additionalPrinterColumns` of its version, or its age. */
export function customColumns(version: JsonObject): readonly Column[] {
  const own = listAt(version, 'additionalPrinterColumns').filter(isObject).map(columnOf);
  return [nameColumn, ...(own.length === 0 ? [ageColumn] : own)];
}

function columnOf(column: JsonObject): Column {
  const path = parseJsonPath(textAt(column, 'jsonPath'));
  const type = textAt(column, 'type');
  return {
    name: textAt(column, 'name'),
    type,
    format: textAt(column, 'format'),
    description: textAt(column, 'description'),
    wide: (numberAt(column, 'priority') ?? 0) > 0,
    cell: (object, now) => (path === null ? null : cell(type, path, object, now)),
  };
}

/** Null, which kubectl leaves blank, for what is not there and for what is of another type. */
function cell(type: string, path: JsonPath, object: KubeObject, now: Date): Json {
  const value = firstAt(path, object) ?? null;
  if (value === null) return null;
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'date':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? since(value, now) : '<invalid>';
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    default:
      return typeof value === 'boolean' ? value : null;
  }
}
