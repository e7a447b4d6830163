/** The kernel's own listing of policyd's tables on a node of the lab. */
import { execa } from 'execa';
import { z } from 'zod';
import { Failure } from '../../model/failure.ts';
import type { TableListing } from '../control/protocol.ts';

export interface OwnTable {
  /** `inet`, `bridge`, ... */
  readonly family: string;
  /** `nft -j list table FAMILY policyd` */
  readonly listing: TableListing;
}

const NAME = 'policyd';
/** Only an nft that hangs takes as long. */
const TIMEOUT_MS = 120_000;

const tablesSchema = z.object({
  nftables: z.array(z.object({ table: z.object({ family: z.string(), name: z.string() }).optional() })),
});

/** Of every family, whoever made them; a table that goes away meanwhile is not there. Rejects with NFT_FAILED. */
export async function ownTables(node: string, env: NodeJS.ProcessEnv): Promise<readonly OwnTable[]> {
  const { nftables } = tablesSchema.parse((await list(node, env, ['tables'])) ?? { nftables: [] });
  const families = nftables.flatMap(({ table }) => (table?.name === NAME ? [table.family] : []));
  const tables: OwnTable[] = [];
  for (const family of families) {
    const listing = await list(node, env, ['table', family, NAME]);
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
