import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('no more than the limit run at once, in order, and a failure frees its turn', async () => {
  const turns = new Turns(2);
  let running = 0;
  let most = 0;
  const started: number[] = [];
  const work = Array.from({ length: 6 }, (_, index) =>
    turns.run(async () => {
      started.push(index);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running -= 1;
      if (index === 1) throw new Error('one fails');
    }),
  );
  const results = await Promise.allSettled(work);
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4, 5]);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
});
