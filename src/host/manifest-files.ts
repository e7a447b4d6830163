/** Expands FILE, DIR and `-` to texts, in a stable order. Directories give their manifests, sorted by name. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';

export interface ManifestFile {
  /** As the user named it, `<stdin>` for `-`. */
  readonly file: string;
  readonly text: string;
}

export interface ManifestFileOptions {
  /** -R: directories below a directory too. */
  readonly recursive: boolean;
  /** Told of each directory that is not read because `recursive` is off. */
  readonly skipped?: (directory: string) => void;
  /** Read for `-`. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
}

const EXTENSIONS: readonly string[] = ['.yaml', '.yml', '.json'];
const LARGEST = 64 * 1024 * 1024;

/** Throws Failure INPUT_UNREADABLE for what is missing, unreadable, too large or not UTF-8. */
export async function readManifestFiles(
  paths: readonly string[],
  options: ManifestFileOptions,
): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  const read = new Set<string>();
  for (const path of paths) {
    if (read.has(path)) continue;
    read.add(path);
    if (path === '-') {
      files.push({ file: '<stdin>', text: decode('<stdin>', await readAll(options.stdin)) });
      continue;
    }
    if (/^https?:\/\//.test(path)) {
      throw new Failure('INPUT_UNREADABLE', `${path}: URLs are not read`, {
        hint: 'download it first, or pipe it in with -f -',
      });
    }
    for (const name of await expand(path, options)) {
      if (name !== path && read.has(name)) continue;
      read.add(name);
      files.push({ file: name, text: decode(name, await attempt(name, () => readFile(name))) });
    }
  }
  return files;
}

async function expand(path: string, options: ManifestFileOptions): Promise<readonly string[]> {
  const found = await attempt(path, () => stat(path));
  if (!found.isDirectory()) {
    if (found.isFile() && found.size > LARGEST) {
      throw new Failure('INPUT_UNREADABLE', `${path}: ${found.size} bytes, more than 64 MiB`);
    }
    if (found.isCharacterDevice() || found.isBlockDevice()) {
      throw new Failure('INPUT_UNREADABLE', `${path}: a device, not a manifest`);
    }
    return [path];
  }
  const names = await manifestsIn(path, options);
  if (names.length === 0) {
    throw new Failure('INPUT_UNREADABLE', `${path}: no .yaml, .yml or .json file in this directory`, {
      hint: options.recursive ? 'check the path' : 'use -R to read the directories below it too',
    });
  }
  return names;
}

async function manifestsIn(directory: string, options: ManifestFileOptions): Promise<string[]> {
  const entries = await attempt(directory, () => readdir(directory, { withFileTypes: true }));
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const names: string[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (options.recursive) for (const name of await manifestsIn(path, options)) names.push(name);
      else options.skipped?.(path);
    } else if (EXTENSIONS.some((extension) => entry.name.endsWith(extension))) {
      names.push(path);
    }
  }
  return names;
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    size += bytes.length;
    if (size > LARGEST) throw new Failure('INPUT_UNREADABLE', '<stdin>: more than 64 MiB');
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure('INPUT_UNREADABLE', `${file}: not UTF-8 text`, { cause });
  }
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new Failure('INPUT_UNREADABLE', `${path}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'no such file or directory';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return cause instanceof Error ? cause.message : String(cause);
}
