import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

test('the lowest free number is taken, none twice, and null when all are gone', () => {
  const slots = new Slots(2, 4);
  expect([slots.take(), slots.take(), slots.take(), slots.take()]).toEqual([2, 3, 4, null]);
  slots.release(3);
  expect([slots.take(), slots.take()]).toEqual([3, null]);
});
