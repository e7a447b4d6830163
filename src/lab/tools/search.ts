import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * The directories to look in: PATH, then the sbin beside each bin of PATH, where Debian keeps nft and ip but
 * which an ordinary user's PATH leaves out.
 */
export function searchDirectories(path: string | undefined): readonly string[] {
  const own = (path ?? '').split(delimiter).filter((directory) => directory.startsWith('/'));
  const beside = own.flatMap((directory) => {
    const parent = /^(\/|\/usr\/|\/usr\/local\/)bin\/?$/.exec(directory)?.[1];
    return parent === undefined ? [] : [`${parent}sbin`];
  });
  return [...new Set([...own, ...beside])];
}

/** Every executable file of that name, in the order of the directories. */
export async function findAll(name: string, directories: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    directories.map(async (directory) => {
      const path = join(directory, name);
      try {
        await access(path, constants.X_OK);
        return (await stat(path)).isFile() ? [path] : [];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}
