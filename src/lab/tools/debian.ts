import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceFile } from './apt-sources.ts';
import type { Tool } from './tool.ts';

/** The machine's release, when it is a Debian. */
export interface Debian {
  readonly codename: string;
  readonly sources: readonly SourceFile[];
}

/** Releases whose own kubectl is too old for the lab (1.20 in both). */
const withOldKubectl: readonly string[] = ['bullseye', 'bookworm'];
const withNewKubectl = 'trixie';

/** Null when the machine is not a Debian or has no apt sources. */
export async function readDebian(): Promise<Debian | null> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1];
  const codename = field('VERSION_CODENAME');
  if (field('ID') !== 'debian' || codename === undefined) return null;
  const parts = '/etc/apt/sources.list.d';
  const names = (await readdir(parts).catch(() => [])).filter((name) => /\.(sources|list)$/.test(name));
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(parts, name))];
  const sources = await Promise.all(
    paths.map(async (path) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      text: await readFile(path, 'utf8').catch(() => ''),
    })),
  );
  return { codename, sources };
}

/** The release to fetch a tool from: the machine's own, so that the libraries fit, but for kubectl. */
export function suiteFor(tool: Tool, codename: string): string {
  return tool.name === 'kubectl' && withOldKubectl.includes(codename) ? withNewKubectl : codename;
}
