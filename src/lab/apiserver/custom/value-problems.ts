import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { formatPath, invalid, required } from '../../../policy/decode/problem.ts';
import { isArray, isObject, type Json, type JsonObject } from '../json.ts';
import { scalarProblems } from './scalar-problems.ts';
import type { JsonType, Structural } from './structural.ts';
import { twinProblems } from './twins.ts';

/** What a schema finds wrong with a value, in the words of the API server. */
export function valueProblems(schema: Structural, value: Json, path: Path): readonly FieldProblem[] {
  const mistyped = typeProblem(schema, value, path);
  if (mistyped !== null) return [mistyped];
  if (value === null) return [];
  return [
    ...(isObject(value) ? objectProblems(schema, value, path) : []),
    ...(isArray(value) ? itemProblems(schema, value, path) : []),
    ...scalarProblems(schema.checks, value, path),
    ...alternativeProblems(schema, value, path),
  ];
}

function typeProblem({ types, nullable }: Structural, value: Json, path: Path): FieldProblem | null {
  const found = typeOf(value);
  if (types.length === 0 || (value === null && nullable)) return null;
  const fits = types.some((type) => type === found || (type === 'number' && found === 'integer'));
  if (fits) return null;
  return invalid(path, found, `${formatPath(path)} in body must be of type ${types.join(',')}: "${found}"`);
}

function typeOf(value: Json): JsonType | 'null' {
  if (value === null) return 'null';
  if (isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    default:
      return 'object';
  }
}

function objectProblems(schema: Structural, value: JsonObject, path: Path): readonly FieldProblem[] {
  const { properties, additional, embedded } = schema;
  const { least, most } = schema.checks.properties;
  const entries = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  const problems: FieldProblem[] = [];
  if (least !== null && entries.length < least)
    problems.push(
      invalid(path, entries.length, `${formatPath(path)} in body should have at least ${least} properties`),
    );
  if (most !== null && entries.length > most) problems.push(tooMany(path, entries.length, most));
  for (const [name, item] of entries) {
    const property = properties.get(name) ?? (typeof additional === 'object' ? additional : null);
    if (property !== null) addAll(problems, valueProblems(property, item, [...path, name]));
  }
  for (const name of schema.required) if (value[name] === undefined) problems.push(required([...path, name]));
  if (embedded) {
    const missing = ['apiVersion', 'kind'].filter((name) => value[name] === undefined);
    addAll(
      problems,
      missing.map((name) => required([...path, name])),
    );
  }
  return problems;
}

function itemProblems(schema: Structural, list: readonly Json[], path: Path): readonly FieldProblem[] {
  const { items } = schema;
  const { least, most } = schema.checks.items;
  return [
    ...(items === null ? [] : list.flatMap((item, index) => valueProblems(items, item, [...path, index]))),
    ...(least !== null && list.length < least
      ? [invalid(path, list.length, `${formatPath(path)} in body should have at least ${least} items`)]
      : []),
    ...(most !== null && list.length > most ? [tooMany(path, list.length, most)] : []),
    ...twinProblems(schema, list, path),
  ];
}

function tooMany(path: Path, got: number, most: number): FieldProblem {
  return { type: 'Too many', path, got, detail: `must have at most ${most} items` };
}

/** allOf, anyOf, oneOf, not. Of alternatives that all fail, the one that comes nearest is told too. */
function alternativeProblems({ checks }: Structural, value: Json, path: Path): readonly FieldProblem[] {
  const name = JSON.stringify(formatPath(path));
  const tried = (schemas: readonly Structural[]): readonly (readonly FieldProblem[])[] =>
    schemas.map((schema) => valueProblems(schema, value, path));
  const whole = (words: string): FieldProblem => invalid([], '', `${name} ${words}`);
  const problems: FieldProblem[] = [];

  const any = tried(checks.anyOf);
  if (any.length > 0 && any.every(({ length }) => length > 0))
    addAll(problems, [whole('must validate at least one schema (anyOf)'), ...nearest(any)]);

  const one = tried(checks.oneOf);
  const valid = one.filter(({ length }) => length === 0).length;
  if (one.length > 0 && valid !== 1) {
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    problems.push(whole(`must validate one and only one schema (oneOf). ${found}`));
    if (valid === 0) addAll(problems, nearest(one));
  }

  const all = tried(checks.allOf);
  const failed = all.filter(({ length }) => length > 0);
  if (failed.length > 0) {
    const none = failed.length === all.length ? '. None validated' : '';
    addAll(problems, [...failed.flat(), whole(`must validate all the schemas (allOf)${none}`)]);
  }

  if (checks.not !== null && valueProblems(checks.not, value, path).length === 0)
    problems.push(whole('must not validate the schema (not)'));
  return problems;
}

function nearest(tried: readonly (readonly FieldProblem[])[]): readonly FieldProblem[] {
  return tried.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function addAll<Item>(list: Item[], items: readonly Item[]): void {
  for (const item of items) list.push(item);
}
