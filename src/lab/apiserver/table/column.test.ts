import { expect, test } from 'vitest';
import { duration } from './column.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-5 * second, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [4 * minute + 10 * second, '4m10s'],
  [17 * minute, '17m'],
  [5 * hour + 20 * minute, '5h20m'],
  [30 * hour, '30h'],
  [6 * day + 4 * hour, '6d4h'],
  [90 * day, '90d'],
  [3 * 365 * day + 12 * day, '3y12d'],
  [9 * 365 * day, '9y'],
])('%d ms is %s, as kubectl writes it', (milliseconds, expected) => {
  expect(duration(milliseconds)).toBe(expected);
});
