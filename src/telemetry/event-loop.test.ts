import { expect, test } from 'vitest';
import { EventLoop } from './event-loop.ts';

test('a loop that was held up says for how long, once', async () => {
  const loop = new EventLoop();
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));
  await turn();
  const end = performance.now() + 2_000;
  while (performance.now() < end);
  await turn();
  expect(loop.takeLongest()).toBeGreaterThan(1_500);
  await turn();
  expect(loop.takeLongest()).toBeLessThan(1_500);
  loop.close();
});
