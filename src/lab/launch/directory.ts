import { randomUUID } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../model/failure.ts';

/**
 * Where the labs of one user live: `/tmp/policyd-lab-UID/NAME`, closed to others. Below the temporary
 * directory and not below /run, because the lab has a /run of its own. A lab is alive as long as somebody
 * listens on its `alive` socket: process numbers are reused and mean nothing in another PID namespace, a
 * socket's listener is gone with its process, however that ended.
 */
export interface LabDirectory {
  readonly name: string;
  readonly path: string;
  /** Says that the lab is dead and removes the directory. */
  release(): Promise<void>;
}

const nameShape = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
/** A starting lab has a directory for a moment before its socket listens. */
const startingMs = 60_000;

/** Sockets below it must stay under the 107 bytes of a socket's path, so an overlong TMPDIR is not used. */
export function labsRoot(): string {
  const chosen = tmpdir();
  const base = chosen.length > 40 || /^\/(var\/)?run(\/|$)/.test(chosen) ? '/tmp' : chosen;
  return join(base, `policyd-lab-${process.getuid?.() ?? 0}`);
}

async function ensureRoot(root: string): Promise<void> {
  await mkdir(root, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(root);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0) return;
  throw new Failure('LAB_FAILED', `${root} must be a directory of your own that nobody else can enter`, {
    hint: `Look at what made it, then remove it: ls -ld ${root}`,
  });
}

/** A new lab's directory, under the given name or the first free one of lab-1, lab-2, ... */
export async function claimDirectory(
  wanted: string | null,
  root: string = labsRoot(),
): Promise<LabDirectory> {
  if (wanted !== null && !nameShape.test(wanted)) {
    throw new Failure('USAGE', `${JSON.stringify(wanted)} cannot be a lab's name`, {
      hint: 'Use up to 32 of a-z, 0-9 and "-", with a letter or digit at both ends.',
    });
  }
  await ensureRoot(root);
  await removeDead(root);
  const made = await mkdtemp(join(root, '.new-'));
  const alive = await listen(join(made, 'alive'));
  try {
    const name = await moveToName(made, root, wanted);
    const path = join(root, name);
    return {
      name,
      path,
      release: async () => {
        await close(alive);
        await remove(path);
      },
    };
  } catch (error) {
    await close(alive);
    await remove(made);
    throw error;
  }
}

async function moveToName(made: string, root: string, wanted: string | null): Promise<string> {
  for (let number = 1; number <= 1_000; number++) {
    const name = wanted ?? `lab-${number}`;
    try {
      await rename(made, join(root, name));
      return name;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
      if (wanted === null) continue;
      throw new Failure('LAB_FAILED', `there is a lab named ${wanted} already`, {
        hint: 'Choose another --name, or end it first; see: policyctl lab list',
      });
    }
  }
  throw new Failure('LAB_FAILED', `there are too many labs in ${root}`, { hint: 'See: policyctl lab list' });
}

/** The names of the labs that live, oldest name first. */
export async function liveLabs(root: string = labsRoot()): Promise<readonly string[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => nameShape.test(name));
  const lives = await Promise.all(names.map((name) => isAlive(join(root, name))));
  return names.filter((_, index) => lives[index]).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Removes what dead labs left behind. Two that do it at once do not disturb each other. */
export async function removeDead(root: string): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const path = join(root, name);
    if (await isAlive(path)) continue;
    if (name.startsWith('.new-') && Date.now() - (await changedMs(path)) < startingMs) continue;
    if (await bury(root, path)) removed.push(name);
  }
  return removed;
}

/** Moved away before it is removed: between the look and the removal a new lab may have taken the name. */
async function bury(root: string, path: string): Promise<boolean> {
  const grave = join(root, `.dead-${process.pid}-${randomUUID()}`);
  try {
    await rename(path, grave);
    if (await isAlive(grave)) {
      await rename(grave, path);
      return false;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await remove(grave);
  return true;
}

async function changedMs(path: string): Promise<number> {
  return await stat(path).then(
    (found) => found.mtimeMs,
    () => 0,
  );
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/** Refused or absent means dead; every other answer (a full backlog, a stopped process) means alive. */
export async function isAlive(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(join(path, 'alive'));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT' && error.code !== 'ENOTDIR');
    });
  });
}

async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  return server;
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
