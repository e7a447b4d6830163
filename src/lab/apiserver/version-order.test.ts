import { expect, test } from 'vitest';
import { compareVersions } from './version-order.ts';

test('the order in which clients prefer versions', () => {
  const wanted = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ];
  expect(wanted.toSorted().sort(compareVersions)).toEqual(wanted);
  expect(wanted.toReversed().sort(compareVersions)).toEqual(wanted);
});
