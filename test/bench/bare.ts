/** The same transactions once more, by bare nft in a second network namespace that holds the same table. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { NftCommand } from '../../src/nft/commands.ts';

export class BareNft {
  readonly #directory: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(directory: string, child: ChildProcess, lines: Interface) {
    this.#directory = directory;
    this.#child = child;
    this.#answers = lines[Symbol.asyncIterator]();
  }

  static start(directory: string, program: string): BareNft {
    const child = spawn('unshare', ['--net', process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no pipe to the yardstick');
    return new BareNft(directory, child, createInterface({ input: child.stdout }));
  }

  /** Milliseconds of each transaction. */
  async commit(transactions: readonly (readonly NftCommand[])[]): Promise<readonly number[]> {
    const files = await Promise.all(
      transactions.map(async (nftables, index) => {
        const file = join(this.#directory, `bare-${index}.json`);
        await writeFile(file, JSON.stringify({ nftables }));
        return file;
      }),
    );
    this.#child.stdin?.write(`${JSON.stringify({ files })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the yardstick ended');
    return (JSON.parse(value) as { milliseconds: readonly number[] }).milliseconds;
  }

  end(): void {
    this.#child.stdin?.end();
  }
}
