import { expect, test } from 'vitest';
import { didYouMean, nearNames } from './near.ts';

test('near names are sorted by distance and then by name', () => {
  expect(nearNames('web', ['api', 'wen', 'web-2', 'Web', 'web', 'wbe'])).toEqual(['Web', 'wbe', 'wen']);
  expect(nearNames('frontend', ['fronted', 'backend', 'frontend2'])).toEqual(['fronted', 'frontend2']);
});

test('short names allow one edit only', () => {
  expect(nearNames('db', ['xy', 'dc', 'd'])).toEqual(['d', 'dc']);
});

test('nothing near asks nothing', () => {
  expect(didYouMean(nearNames('a', ['something']))).toBeNull();
  expect(didYouMean(['a', 'b'])).toBe('did you mean a or b?');
});
