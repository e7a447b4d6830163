/**
 * From unknown JSON to the fields of one object. A field that is null is the same as absent, as in Go. A null
 * inside a list or a map is a mistake: kubectl refuses it, and as an empty rule it would allow everything.
 * Never throws, whatever it is given.
 */
import { z } from 'zod';
import type { Path } from '../../model/labels.ts';
import { isObject, type RawObject } from '../../model/raw-object.ts';
import type { Report } from './decoded.ts';
import { invalid, unknownField } from './problem.ts';

/** null: not what the schema wants; what exactly is in the report. */
export function readObject<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  raw: unknown,
  path: Path,
  report: Report,
): z.output<z.ZodObject<Shape>> | null {
  if (!isObject(raw)) {
    report.problems.push(invalid(path, raw, 'must be an object'));
    return null;
  }
  if (report.unknownFields === 'reject') reportUnknown(Object.keys(schema.shape), raw, path, report);
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  for (const issue of result.error.issues) report.problems.push(fromIssue(issue, raw, path));
  return null;
}

/** Reports every key of `object` that is not in `known`. */
export function reportUnknown(known: readonly string[], object: RawObject, path: Path, report: Report): void {
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) report.problems.push(unknownField([...path, key], object[key], known));
  }
}

/**
 * From a watch: nothing is left of the object but fields nobody here knows. As if it were empty it would
 * match everything, which is not what its author wrote.
 */
export function leftEmpty(
  schema: z.ZodObject<z.ZodRawShape>,
  raw: unknown,
  path: Path,
  report: Report,
): boolean {
  if (report.unknownFields === 'reject' || !isObject(raw)) return false;
  const known = Object.keys(schema.shape);
  const isUnknown = (key: string): boolean => !known.includes(key);
  const keys = Object.keys(raw).filter((key) => raw[key] !== null);
  if (keys.length === 0 || !keys.every(isUnknown)) return false;
  report.problems.push(invalid(path, raw, `holds only unknown fields: ${keys.join(', ')}`));
  return true;
}

/** The fields of a level that has readers for each of them; none when it is no object. */
export function readPart(raw: unknown, path: Path, report: Report): RawObject {
  if (raw === undefined || raw === null) return NO_FIELDS;
  if (isObject(raw)) return raw;
  report.problems.push(invalid(path, raw, 'must be an object'));
  return NO_FIELDS;
}

const NO_FIELDS: RawObject = {};

/** Empty when absent, or no string. Not by zod: ten thousand pods have ten of these each. */
export function readText(raw: unknown, path: Path, report: Report): string {
  if (typeof raw === 'string') return raw;
  if (raw !== undefined && raw !== null) report.problems.push(invalid(path, raw, 'must be a string'));
  return '';
}

/** False when absent, or no boolean. */
export function readFlag(raw: unknown, path: Path, report: Report): boolean {
  if (typeof raw === 'boolean') return raw;
  if (raw !== undefined && raw !== null) report.problems.push(invalid(path, raw, 'must be a boolean'));
  return false;
}

/** undefined: absent. null: not a list. */
export function readList(raw: unknown, path: Path, report: Report): readonly unknown[] | null | undefined {
  if (raw === undefined || raw === null) return undefined;
  if (Array.isArray(raw)) return raw;
  report.problems.push(invalid(path, raw, 'must be a list'));
  return null;
}

/**
 * A map of strings, a Map because `constructor` and `__proto__` are possible keys (so no zod record).
 * A value that is no string is kept as its JSON: the key is there, after all.
 */
export function readStrings(raw: unknown, path: Path, report: Report): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  if (raw === undefined || raw === null) return map;
  if (!isObject(raw)) {
    report.problems.push(invalid(path, raw, 'must be a map of strings'));
    return map;
  }
  for (const key of Object.keys(raw)) {
    const value = raw[key];
    if (typeof value !== 'string')
      report.problems.push(invalid([...path, key], value, 'must be a string: put it in quotes'));
    map.set(key, typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  }
  return map;
}

/** A field that may be absent or null. */
type Field<T> = z.ZodOptional<z.ZodNullable<z.ZodType<T>>>;

export const strings: Field<readonly string[]> = z.array(z.string()).nullish();

/** `nullish`: absent, null, or of the type. */
export const text: Field<string> = z.string().nullish();
/** Go decodes into int32: no fractions. */
export const integer: Field<number> = z.int32().nullish();
export const integerOrText: Field<number | string> = z.union([z.int32(), z.string()]).nullish();
/** A part with a decoder of its own. */
export const part: z.ZodOptional<z.ZodUnknown> = z.unknown().optional();

const WANTED: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'an integer',
  int: 'an integer',
  array: 'a list',
  object: 'an object',
};

function fromIssue(issue: z.core.$ZodIssue, object: RawObject, path: Path): ReturnType<typeof invalid> {
  const inner = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
  let got: unknown = object;
  for (const segment of inner) got = (got as Readonly<Record<string | number, unknown>> | null)?.[segment];
  return invalid([...path, ...inner], got, `must be ${wanted(issue)}`);
}

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return WANTED[issue.expected] ?? issue.expected;
    case 'invalid_union':
      return 'an integer or a string';
    case 'too_big':
    case 'too_small':
      return 'an integer of 32 bits';
    default:
      return `well formed (${issue.message})`;
  }
}
