import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimDirectory, isAlive, liveLabs, removeDead } from './directory.ts';
import { readState } from './state.ts';

let parent: string;
let root: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'labs-'));
  root = join(parent, 'labs');
});
afterEach(async () => await rm(parent, { recursive: true }));

test('labs get the first free number, also when they start at the same moment', async () => {
  const labs = await Promise.all([1, 2, 3].map(async () => await claimDirectory(null, root)));
  expect(labs.map(({ name }) => name).sort()).toEqual(['lab-1', 'lab-2', 'lab-3']);
  expect(await liveLabs(root)).toEqual(['lab-1', 'lab-2', 'lab-3']);
  for (const lab of labs) await lab.release();
  expect(await readdir(root)).toEqual([]);
});

test('a name is given once', async () => {
  const lab = await claimDirectory('demo', root);
  await expect(claimDirectory('demo', root)).rejects.toThrow('there is a lab named demo already');
  expect(await readdir(root)).toEqual(['demo']);
  await lab.release();
});

test.each(['../x', '', 'UP', '-a', 'a/b', 'a'.repeat(33)])('%j is no name', async (name) => {
  await expect(claimDirectory(name, root)).rejects.toMatchObject({ code: 'USAGE' });
});

test('what a dead lab left is removed, a living lab is not', async () => {
  const lab = await claimDirectory('living', root);
  await mkdir(join(root, 'dead'));
  await writeFile(join(root, 'dead', 'lab.json'), '{}');
  expect(await isAlive(join(root, 'dead'))).toBe(false);
  expect(await removeDead(root)).toEqual(['dead']);
  expect(await readdir(root)).toEqual(['living']);
  await lab.release();
});

test('a lab that is just starting is left alone, one that never came up is removed', async () => {
  await mkdir(join(root, '.new-abc'), { recursive: true });
  expect(await removeDead(root)).toEqual([]);
  await utimes(join(root, '.new-abc'), 1, 1);
  expect(await removeDead(root)).toEqual(['.new-abc']);
});

test('a root that others may enter is refused, because they could put a lab of theirs there', async () => {
  await mkdir(root);
  await chmod(root, 0o755);
  await expect(claimDirectory(null, root)).rejects.toThrow('must be a directory of your own');
});

test('a state that cannot be understood is no state', async () => {
  await mkdir(root);
  expect(await readState(root)).toBe(null);
  await writeFile(join(root, 'lab.json'), '{"name": 1}');
  expect(await readState(root)).toBe(null);
});
