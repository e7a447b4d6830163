import { expect, test } from 'vitest';
import { compareVersions } from './compare-versions.ts';

test('versions are compared number by number', () => {
  expect(compareVersions('1.0.10', '1.0.6')).toBeGreaterThan(0);
  expect(compareVersions('1.29', '1.29.0')).toBe(0);
  expect(compareVersions('1.9', '1.29')).toBeLessThan(0);
  expect(compareVersions('1.0', '1.0.6')).toBeLessThan(0);
});
