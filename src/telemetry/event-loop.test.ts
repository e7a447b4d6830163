import { expect, test } from 'vitest';
import { EventLoop } from './event-loop.ts';

test('a loop that was held up says for how long, once', async () => {
  const loop = new EventLoop();
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));
  await turn();
  const end = performance.now() + 700;
  while (performance.now() < end);
  await turn();
  expect(loop.takeLongest()).toBeGreaterThan(500);
  // What else holds it up on a busy machine is over as well some time.
  await expect.poll(() => loop.takeLongest(), { interval: 250 }).toBeLessThan(500);
  loop.close();
});
