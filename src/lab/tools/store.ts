import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Tool } from './tool.ts';

/** The directory of fetched tools: $XDG_CACHE_HOME or ~/.cache, then policyd/tools. Made when it is missing. */
export async function toolStore(env: NodeJS.ProcessEnv): Promise<string> {
  const home = env.HOME?.startsWith('/') ? env.HOME : homeOfUser();
  const cache = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(home, '.cache');
  const store = join(cache, 'policyd', 'tools');
  await mkdir(store, { recursive: true });
  return store;
}

/** As the user database says: HOME may be unset, or the user may be in no database. */
function homeOfUser(): string {
  try {
    return userInfo().homedir;
  } catch {
    throw new Error('HOME is not set and the user has no home directory');
  }
}

const abandonedMs = 24 * 3_600_000;

/** Removes what fetches that were killed left behind. */
export async function sweepStore(store: string): Promise<void> {
  for (const name of await readdir(store)) {
    if (!/^\.(new|old|apt)-/.test(name)) continue;
    const found = await stat(join(store, name)).catch(() => null);
    if (found === null || Date.now() - found.mtimeMs < abandonedMs) continue;
    await rm(join(store, name), { recursive: true, force: true });
  }
}

/** Where a stored tool stands; its `bin` holds the program and nothing else. */
export function storedTool(
  store: string,
  tool: Tool,
  suite: string,
): { readonly root: string; readonly bin: string } {
  const root = join(store, `${tool.name}-${suite}-${process.arch}`);
  return { root, bin: join(root, 'bin') };
}

/**
 * Unpacks the packages beside the store and moves the result into place in one step: who looks sees nothing or
 * a whole tool. Of two that store the same tool at once, the first one wins.
 */
export async function storeTool(
  store: string,
  tool: Tool,
  suite: string,
  packages: readonly string[],
): Promise<void> {
  const { root } = storedTool(store, tool, suite);
  const work = await mkdtemp(join(store, '.new-'));
  try {
    for (const file of packages) await execa('dpkg', ['-x', file, join(work, 'root')], { stdin: 'ignore' });
    await mkdir(join(work, 'bin'));
    const script = await startScript(root, join(work, 'root'), tool);
    await writeFile(join(work, 'bin', tool.name), script);
    await chmod(join(work, 'bin', tool.name), 0o755);
    await chmod(work, 0o755);
    await rename(work, root);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Takes a stored tool that does not work out of the way. */
export async function discardTool(store: string, tool: Tool, suite: string): Promise<void> {
  const grave = await mkdtemp(join(store, '.old-'));
  await rename(storedTool(store, tool, suite).root, join(grave, tool.name)).catch(() => undefined);
  await rm(grave, { recursive: true, force: true });
}

/** A script that finds the tool's own libraries. `root` is where the tool will stand, `unpacked` where it is now. */
async function startScript(root: string, unpacked: string, tool: Tool): Promise<string> {
  const program = await firstExisting(unpacked, [
    `usr/sbin/${tool.name}`,
    `usr/bin/${tool.name}`,
    `sbin/${tool.name}`,
    `bin/${tool.name}`,
  ]);
  const libraries = (await libraryDirectories(unpacked)).map((directory) => join(root, 'root', directory));
  const quoted = libraries.map(quote).join(':');
  const path =
    libraries.length === 0 ? '' : `LD_LIBRARY_PATH=${quoted}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} `;
  return `#!/bin/sh\n${path}exec ${quote(join(root, 'root', program))} "$@"\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function firstExisting(root: string, candidates: readonly string[]): Promise<string> {
  for (const candidate of candidates) {
    const found = await stat(join(root, candidate)).catch(() => null);
    if (found?.isFile()) return candidate;
  }
  throw new Error(`none of ${candidates.join(', ')} is in the package`);
}

/** `lib/x86_64-linux-gnu` and the like, wherever the packages brought shared libraries. */
async function libraryDirectories(root: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const parent of ['usr/lib', 'lib']) {
    const entries = await readdir(join(root, parent), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && entry.name.includes('-linux-')) found.push(join(parent, entry.name));
    }
  }
  return found;
}
