/**
 * A file that nobody else can open: its name is gone before anything is written into it, and so nothing is
 * left behind, however the program ends. Synchronous: on a tmpfs a detour through the thread pool takes
 * longer than the writing.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';

/** Memory first: a full disk is no reason not to enforce. Where one has no room, the next may. */
export const PLACES: readonly string[] = ['/dev/shm', '/run', tmpdir()];

/** `use` gets the descriptor, which is closed after it. Throws NO_ROOM when none of the directories takes the text. */
export async function withNamelessFile<T>(
  directories: readonly string[],
  text: string,
  use: (file: number) => Promise<T>,
): Promise<T> {
  const file = written(directories, text);
  try {
    return await use(file);
  } finally {
    closeSync(file);
  }
}

function written(directories: readonly string[], text: string): number {
  const errors: string[] = [];
  for (const directory of directories) {
    try {
      return writtenIn(directory, text);
    } catch (error) {
      errors.push(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Failure('NO_ROOM', `no place for a file of ${text.length} characters (${errors.join('; ')})`, {
    hint: 'Give policyd a tmpfs with room: mount one at /dev/shm or /run, or set TMPDIR to one.',
  });
}

function writtenIn(directory: string, text: string): number {
  const name = join(directory, `policyd-${randomUUID()}`);
  const file = openSync(name, 'wx+', 0o600);
  try {
    unlinkSync(name);
    const bytes = Buffer.from(text);
    // By position, so that it is read from its beginning by who opens it again and by who takes the descriptor as it
    // is: nft up to 1.0.9 does the one, later ones the other.
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}
