/** Shapes of rules that a few peers reach: the evaluators must agree whatever the sizes from which they are used. */
import fc from 'fast-check';
import { SHAPES, type Shapes } from '../../src/compile/shapes.ts';

/** Every rule's peers are one set, every block a hash set by prefix length. */
const MERGED: Shapes = { setsApart: 0, prefixesPerLookup: 0, mostPrefixes: 0 };
/** Some are and some are not. */
const MIXED: Shapes = { setsApart: 1, prefixesPerLookup: 3, mostPrefixes: 12 };

export const ALL_SHAPES: readonly Shapes[] = [SHAPES, MERGED, MIXED];

export const shapes: fc.Arbitrary<Shapes> = fc.constantFrom(...ALL_SHAPES);
