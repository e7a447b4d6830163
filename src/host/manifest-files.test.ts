import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifestFiles } from './manifest-files.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifest-files-'));
  await mkdir(join(directory, 'deep'));
  await mkdir(join(directory, 'empty'));
  await writeFile(join(directory, 'b.yaml'), 'b');
  await writeFile(join(directory, 'a.json'), 'a');
  await writeFile(join(directory, 'notes.txt'), 'no');
  await writeFile(join(directory, 'deep', 'c.yml'), 'c');
  await writeFile(join(directory, 'latin1.yaml.off'), Buffer.from([0x61, 0xe9]));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function names(paths: readonly string[], recursive = false, stdin = ''): Promise<readonly string[]> {
  const files = await readManifestFiles(paths, { recursive, stdin: Readable.from([Buffer.from(stdin)]) });
  return files.map(({ file, text }) => `${file.replace(`${directory}/`, '')}=${text}`);
}

test('a directory gives its manifests sorted, deeper ones only with -R', async () => {
  expect(await names([directory])).toEqual(['a.json=a', 'b.yaml=b']);
  expect(await names([directory], true)).toEqual(['a.json=a', 'b.yaml=b', 'deep/c.yml=c']);
});

test('a file named by hand needs no extension, and counts once', async () => {
  const file = join(directory, 'notes.txt');
  expect(await names([file, file])).toEqual(['notes.txt=no']);
  expect(await names([join(directory, 'b.yaml'), directory])).toEqual(['b.yaml=b', 'a.json=a']);
});

test('a dash reads standard input', async () => {
  expect(await names(['-'], false, 'hello é')).toEqual(['<stdin>=hello é']);
});

test.each([
  ['missing.yaml', /missing\.yaml: no such file or directory/],
  ['empty', /empty: no \.yaml, \.yml or \.json file/],
  ['latin1.yaml.off', /not UTF-8 text/],
])('%s is refused with its reason', async (name, message) => {
  await expect(names([join(directory, name)])).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringMatching(message),
  });
});

test('devices and URLs are refused', async () => {
  await expect(names(['/dev/zero'])).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  await expect(names(['https://example.org/a.yaml'])).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
