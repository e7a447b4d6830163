import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { SourceFile } from './apt-sources.ts';

/** apt with lists, cache and state of its own: it needs no root and leaves the machine's alone. */
export interface PrivateApt {
  /** Reads the package lists. Some sources may fail: what counts is whether a package can be fetched. */
  update(): Promise<void>;
  /** Fetches a package and everything it depends on; gives the paths of the .deb files. */
  fetch(debianPackage: string): Promise<readonly string[]>;
}

const updatePatienceMs = 300_000;
const fetchPatienceMs = 300_000;

/** Parts of every Debian. A second C library beside the machine's own would crash what is started with it. */
const everywhere: RegExp =
  /^(libc6|libc-bin|libcrypt1|libgcc-s1|gcc-\d+-base|debconf|cdebconf|dpkg|tar|perl-base|libacl1|libattr1)_/;

/** Proxies, certificates and the like come from the machine's own apt.conf, which stays in force. */
function configuration(directory: string): string {
  return `
Dir::State "${directory}/state";
Dir::State::status "${directory}/status";
Dir::Cache "${directory}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${directory}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "${directory}/none";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::GzipIndexes "false";
Acquire::PDiffs "false";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
`;
}

/** Makes everything below `directory`, which must be empty. */
export async function createPrivateApt(
  directory: string,
  sources: readonly SourceFile[],
): Promise<PrivateApt> {
  for (const name of ['state/lists/partial', 'cache', 'sources', 'none']) {
    await mkdir(join(directory, name), { recursive: true });
  }
  // Nothing counts as installed, so every library comes along: what this machine has may be gone tomorrow.
  await writeFile(join(directory, 'status'), '');
  for (const { name, text } of sources) await writeFile(join(directory, 'sources', name), text);
  const config = join(directory, 'apt.conf');
  await writeFile(config, configuration(directory));

  const apt = async (args: readonly string[], timeout: number): Promise<void> => {
    await execa('apt-get', ['-c', config, '-q', ...args], {
      cwd: directory,
      stdin: 'ignore',
      timeout,
      env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  return {
    update: async () => {
      await apt(['update'], updatePatienceMs).catch(() => undefined);
    },
    fetch: async (debianPackage) => {
      const archives = join(directory, 'archives', debianPackage);
      await mkdir(join(archives, 'partial'), { recursive: true });
      const into = `Dir::Cache::archives=${archives}`;
      await apt(['-o', into, 'install', '--download-only', '--yes', debianPackage], fetchPatienceMs);
      const names = (await readdir(archives)).filter(
        (name) => name.endsWith('.deb') && !everywhere.test(name),
      );
      return names.map((name) => join(archives, name));
    },
  };
}
