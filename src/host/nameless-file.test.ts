import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withNamelessFile } from './nameless-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'nameless-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('a file is opened in the first directory that takes it, and has no name there', async () => {
  await withNamelessFile([join(directory, 'absent'), directory], 'text', async (file) => {
    // Opened again, and as it is: nft does the one or the other.
    expect(readFileSync(`/proc/self/fd/${file}`, 'utf8')).toBe('text');
    expect(readFileSync(file, 'utf8')).toBe('text');
    expect(readdirSync(directory)).toEqual([]);
  });
});

test('where none does, each is named with what is wrong with it', async () => {
  const [first, second] = [join(directory, 'absent'), join(directory, 'gone')];
  await expect(withNamelessFile([first, second], 'text', async () => null)).rejects.toMatchObject({
    code: 'NO_ROOM',
    message: expect.stringMatching(/no place for a file of 4 characters .*absent: ENOENT.*gone: ENOENT/),
    hint: expect.stringContaining('TMPDIR'),
  });
});
