/** A Map and not an object: `constructor` is a legal label key. */
export type Labels = ReadonlyMap<string, string>;

export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

/** One AND-ed condition. `matchLabels{k: v}` is `{k, In, [v]}`. `path` leads from the policy to its text. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
  readonly path: Path;
}

/**
 * A label selector after decoding. No requirements: matches everything.
 * `nothing` is what an invalid stored selector becomes (semantics D5, A8): it never matches.
 */
export type Selector =
  | { readonly kind: 'requirements'; readonly requirements: readonly Requirement[] }
  | { readonly kind: 'nothing'; readonly problem: string };

/** Where a value stands inside its object: `['spec', 'ingress', 0, 'from', 1]`. */
export type Path = readonly (string | number)[];
