import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inUserNamespace } from './user-namespace.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'uid-map-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test.each([
  ['         0          0 4294967295\n', false],
  ['         0       1000          1\n', true],
  ['         0     100000      65536\n', true],
  ['', true],
])('reads the map %j', async (map, expected) => {
  const file = join(directory, 'uid_map');
  await writeFile(file, map);
  expect(await inUserNamespace(file)).toBe(expected);
});

test('a kernel without user namespaces has no map', async () => {
  expect(await inUserNamespace(join(directory, 'absent'))).toBe(false);
});
