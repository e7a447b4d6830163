import { expect, test } from 'vitest';
import { Revisions } from './revisions.ts';

test('a revision is known once, and nobody else’s ever', () => {
  const revisions = new Revisions();
  const [first, second] = [revisions.next(), revisions.next()];
  expect(revisions.take(second)).toBe(true);
  expect(revisions.take(second)).toBe(false);
  expect(revisions.take(first)).toBe(true);
  expect(revisions.take(new Revisions().next())).toBe(false);
});

test('it is an address that is written in one way only', () => {
  for (let turn = 0; turn < 1_000; turn += 1)
    expect(new Revisions().next()).toMatch(/^([1-9a-f][0-9a-f]{3}:){7}[1-9a-f][0-9a-f]{3}$/);
});

test('of those that were never heard of, the oldest are forgotten', () => {
  const revisions = new Revisions();
  const first = revisions.next();
  const last = Array.from({ length: 5_000 }, () => revisions.next()).at(-1) ?? '';
  expect([revisions.take(first), revisions.take(last)]).toEqual([false, true]);
});
