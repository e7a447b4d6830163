/**
 * A file that nobody else can open: its name is gone before anything is written into it, and so nothing is
 * left behind, however the program ends. Synchronous: on a tmpfs a detour through the thread pool takes
 * longer than the writing.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `use` gets the descriptor, which is closed after it. */
export async function withNamelessFile<T>(
  directory: string,
  text: string,
  use: (file: number) => Promise<T>,
): Promise<T> {
  const name = join(directory, `policyd-${randomUUID()}`);
  const file = openSync(name, 'wx+', 0o600);
  try {
    unlinkSync(name);
    writeFileSync(file, text);
    return await use(file);
  } finally {
    closeSync(file);
  }
}
