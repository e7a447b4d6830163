/** What every decoder gives, and the one rule that says when a value may be used. */
import type { FieldProblem } from '../../model/policy.ts';

/**
 * `reject` (files): an unknown field is a problem, and any problem means there is no value.
 * `ignore` (watch): an unknown field is passed over, a broken part matches nothing, and there is a value
 * unless the object cannot even be named.
 */
export type UnknownFields = 'reject' | 'ignore';

export interface Decoded<T> {
  readonly value: T | null;
  readonly problems: readonly FieldProblem[];
}

/** Where the decoders of the parts of one object put what they find. */
export interface Report {
  readonly unknownFields: UnknownFields;
  readonly problems: FieldProblem[];
}

/** Empty, for one object. */
export function newReport(unknownFields: UnknownFields): Report {
  return { unknownFields, problems: [] };
}

/** Keeps the value only where a report with problems may have one: see UnknownFields. */
export function decoded<T>(value: T | null, { unknownFields, problems }: Report): Decoded<T> {
  return { value: unknownFields === 'reject' && problems.length > 0 ? null : value, problems };
}
