import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { Failure } from '../../model/failure.ts';

/** Only an nft that hangs takes as long. */
const TIMEOUT_MS = 120_000;

/** Commits a table's text in a node's network namespace: one file, one transaction. */
export function tableCommitter(
  directory: string,
  env: NodeJS.ProcessEnv,
): (node: string, table: string) => Promise<void> {
  return async (node, table) => {
    // A file: nft before 1.1 cannot read the socket that a child's standard input is.
    const file = join(directory, `services-${node}.nft`);
    await writeFile(file, table, { mode: 0o600 });
    const result = await execa('ip', ['netns', 'exec', node, 'nft', '-f', file], {
      env: { ...env, LC_ALL: 'C' },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: TIMEOUT_MS,
    });
    if (result.exitCode === 0) return;
    const said = result.stderr.trim().slice(0, 1000);
    // In a user namespace a transaction must fit into one socket buffer.
    const why = /Message too long/.test(said)
      ? 'too many Services for one nft transaction of an ordinary user (about 100 fit): run the lab as root'
      : said || result.shortMessage;
    throw new Failure('NFT_FAILED', `cannot forward Services on ${node}: ${why}`);
  };
}
