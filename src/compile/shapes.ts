/** From what size on a rule's peers are written in another shape (ADR 9). The meaning is the same in any. */

export interface Shapes {
  /** Sets of one rule and family that are each of one meaning, and shared with every rule that means the same. */
  readonly setsApart: number;
  /** Prefixes that an interval set may come to, for each look-up that it saves; and in all. */
  readonly prefixesPerLookup: number;
  readonly mostPrefixes: number;
}

/** Measured: test/bench/blocks.mjs, docs/datapath.md 5.8. */
export const SHAPES: Shapes = { setsApart: 8, prefixesPerLookup: 500, mostPrefixes: 8_000 };
