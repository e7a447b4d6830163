/** The kernel's own listing of policyd's tables on a node of the lab. */
import { execa } from 'execa';
import { z } from 'zod';
import { Failure } from '../../model/failure.ts';
import type { TableListing } from '../control/protocol.ts';

export interface OwnTable {
  /** `inet`, `bridge`, ... */
  readonly family: string;
  /** `nft -j list table FAMILY NAME` */
  readonly listing: TableListing;
}

/** Every name of policyd's begins so. */
const NAME = /^policyd(?:_|$)/;
/** Only an nft that hangs takes as long. */
const TIMEOUT_MS = 120_000;

const tablesSchema = z.object({
  nftables: z.array(z.object({ table: z.object({ family: z.string(), name: z.string() }).optional() })),
});

/** Of every family, whoever made them; a table that goes away meanwhile is not there. Rejects with NFT_FAILED. */
export async function ownTables(node: string, env: NodeJS.ProcessEnv): Promise<readonly OwnTable[]> {
  const { nftables } = tablesSchema.parse((await list(node, env, ['tables'])) ?? { nftables: [] });
  const names = nftables.flatMap(({ table }) =>
    table !== undefined && NAME.test(table.name) ? [table] : [],
  );
  const tables: OwnTable[] = [];
  for (const { family, name } of names) {
    const listing = await list(node, env, ['table', family, name]);
    if (listing !== null) tables.push({ family, listing });
  }
  return tables;
}

/** null: there is no such thing. */
async function list(
  node: string,
  env: NodeJS.ProcessEnv,
  what: readonly string[],
): Promise<TableListing | null> {
  const { exitCode, stdout, stderr, shortMessage } = await execa(
    'ip',
    ['netns', 'exec', node, 'nft', '-j', 'list', ...what],
    {
      env: { ...env, LC_ALL: 'C' },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: TIMEOUT_MS,
      maxBuffer: 500_000_000,
    },
  );
  if (exitCode === 0) return JSON.parse(stdout) as TableListing;
  if (/No such file or directory/.test(stderr)) return null;
  throw new Failure('NFT_FAILED', `cannot list ${what.join(' ')} on ${node}: ${stderr || shortMessage}`);
}
