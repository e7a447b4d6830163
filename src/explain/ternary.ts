/** Yes, no, or: a fact is missing. */
export type Ternary = boolean | null;

/** No wins over unknown: one failed condition decides. */
export function all(values: readonly Ternary[]): Ternary {
  if (values.includes(false)) return false;
  return values.includes(null) ? null : true;
}

/** Yes wins over unknown: one match decides. */
export function some(values: readonly Ternary[]): Ternary {
  if (values.includes(true)) return true;
  return values.includes(null) ? null : false;
}
