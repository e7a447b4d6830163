import { readFile } from 'node:fs/promises';

/**
 * Whether this process lives in a user namespace of its own, where nft may not enlarge its socket buffer
 * and therefore refuses large batches ("Message too long"). The initial one maps every id to itself.
 */
export async function inUserNamespace(mapFile: string = '/proc/self/uid_map'): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(mapFile, 'utf8');
  } catch {
    // No such file: a kernel without user namespaces.
    return false;
  }
  return !/^\s*0\s+0\s+4294967295\s*$/.test(text);
}
