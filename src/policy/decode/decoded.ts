/** What a decoder gives: the value, and everything that was wrong on the way. */

import type { Path } from '../../model/labels.ts';
import type { FieldProblem, FieldProblemType } from '../../model/policy.ts';

/**
 * `reject` (files): an unknown field is a problem, and any problem means no value.
 * `ignore` (watch): unknown fields are ignored; broken parts match nothing; no value only without identity.
 */
export type UnknownFields = 'reject' | 'ignore';

export interface Decoded<Value> {
  readonly value: Value | null;
  readonly problems: readonly FieldProblem[];
}

export type RawObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Absent and null are the same to the API server. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Collects problems; the readers below report here and go on. */
export class Problems {
  readonly list: FieldProblem[] = [];

  add(type: FieldProblemType, path: Path, got: unknown, detail: string): void {
    this.list.push({ type, path, got, detail });
  }

  invalid(path: Path, got: unknown, detail: string): void {
    this.add('Invalid value', path, got, detail);
  }
}

/** An object, `{}` when absent, null (and a problem) when it is something else. */
export function readObject(value: unknown, path: Path, problems: Problems): RawObject | null {
  if (isAbsent(value)) return {};
  if (isObject(value)) return value;
  problems.invalid(path, value, 'must be an object');
  return null;
}

/** A list, `[]` when absent, null (and a problem) when it is something else. */
export function readList(value: unknown, path: Path, problems: Problems): readonly unknown[] | null {
  if (isAbsent(value)) return [];
  if (Array.isArray(value)) return value;
  problems.invalid(path, value, 'must be a list');
  return null;
}

/** A string, null when absent or (with a problem) when it is something else. */
export function readString(value: unknown, path: Path, problems: Problems): string | null {
  if (isAbsent(value)) return null;
  if (typeof value === 'string') return value;
  problems.invalid(path, value, 'must be a string');
  return null;
}
