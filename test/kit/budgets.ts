/** Budgets that a few policies exceed. */
import fc from 'fast-check';
import { BUDGET, type Budget } from '../../src/compile/budget.ts';

const TIGHT: Budget = {
  policy: { rules: 3, sets: 3, elements: 12, peers: 4 },
  namespace: { rules: 4, sets: 4, elements: 16, peers: 5 },
  node: { rules: 5, sets: 5, elements: 20, peers: 6 },
};

export const budgets: fc.Arbitrary<Budget> = fc.constantFrom(BUDGET, TIGHT, {
  ...TIGHT,
  policy: BUDGET.policy,
  namespace: BUDGET.namespace,
});
