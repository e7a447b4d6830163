import { expect, test } from 'vitest';
import { Script } from './script.ts';

test('words with quotes stay words', async () => {
  const script = new Script().sysctl(null, [
    { path: 'does/not/exist', value: "it's; false", optional: true },
  ]);
  await expect(script.run('nothing')).resolves.toBeUndefined();
});

test('the first failure ends a script and is told with its purpose', async () => {
  const script = new Script().ip(null, ['link show dev no-such-device']);
  await expect(script.run('cannot look')).rejects.toThrow(/^cannot look: .*no-such-device/s);
});

test('a tolerant script succeeds whatever is missing', async () => {
  const script = new Script().tolerant().ip(null, ['link show dev no-such-device']);
  await expect(script.run('cannot look')).resolves.toBeUndefined();
});
