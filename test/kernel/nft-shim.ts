/** Programs that stand before nft on an agent's PATH. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox } from '../kit/sandbox.ts';

export class NftShim {
  readonly #sandbox: Sandbox;
  readonly #directory: string;

  private constructor(sandbox: Sandbox, directory: string) {
    this.#sandbox = sandbox;
    this.#directory = directory;
  }

  static async create(sandbox: Sandbox): Promise<NftShim> {
    const directory = join(sandbox.directory, 'shims');
    await mkdir(directory, { recursive: true });
    return new NftShim(sandbox, directory);
  }

  /** For the agent. */
  get env(): Readonly<Record<string, string>> {
    return { PATH: `${this.#directory}:${process.env.PATH ?? ''}` };
  }

  /** A file for what a script remembers. */
  file(name: string): string {
    return join(this.#sandbox.directory, name);
  }

  /** What becomes of every call, but of the one that listens, which is `monitor`; `real "$@"` runs nft, `$file` is the file of commands if there is one. */
  async all(script: string, monitor?: string): Promise<void> {
    const { stdout } = await this.#sandbox.run('sh', ['-c', 'command -v nft']);
    const head = `#!/bin/sh\ncase "$1" in monitor) ${monitor ?? `exec ${stdout} "$@"`};; esac\nreal() { ${stdout} "$@"; }\nfor file; do :; done\n`;
    const next = join(this.#directory, 'next');
    await writeFile(next, `${head}${script}\n`);
    await chmod(next, 0o755);
    await this.#sandbox.run('mv', [next, join(this.#directory, 'nft')]);
  }

  /** What becomes of a commit and of its check; listing and asking for the version always work. */
  async commits(script: string): Promise<void> {
    await this.all(`case "$*" in *-f*) ;; *) real "$@"; exit;; esac\n${script}`);
  }

  /** Refuses every transaction that holds the text, with the kernel's words. */
  async refusing(text: string, words: string): Promise<void> {
    await this.commits(
      `grep -qF '${text}' "$file" && { echo "internal:0:0-0: Error: Could not process rule: ${words}" >&2; exit 1; }\nreal "$@"`,
    );
  }

  async remove(): Promise<void> {
    await rm(join(this.#directory, 'nft'), { force: true });
  }
}
