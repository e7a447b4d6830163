/** Files and directories of /proc and /sys, which may go while one looks at them. */
import { readdirSync, readFileSync } from 'node:fs';

/** null: not there, or not to be read. */
export function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Empty: not there, or not to be read. */
export function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
