import { expect, test } from 'vitest';
import type { Operator, Selector } from '../model/labels.ts';
import { SelectorIndex } from './selector-index.ts';

function selector(operator: Operator, ...values: readonly string[]): Selector {
  return { kind: 'requirements', requirements: [{ key: 'app', operator, values, path: [] }] };
}

test('an index is empty again when all that was filed is gone, whatever it was filed under', () => {
  const selectors = [selector('In', 'web', 'api'), selector('Exists'), selector('NotIn', 'db')];
  const index = new SelectorIndex<Selector>();
  expect(index.isEmpty).toBe(true);
  for (const each of selectors) index.add(each, each);
  expect([...index.candidates(new Map([['app', 'web']]))]).toHaveLength(3);
  for (const each of selectors) {
    expect(index.isEmpty).toBe(false);
    index.delete(each, each);
  }
  expect(index.isEmpty).toBe(true);
});
