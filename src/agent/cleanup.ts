/** `policyd cleanup`: takes our tables out of the kernel, and nothing else. */
import { OUR_TABLES, POLICY_TABLE } from '../compile/names.ts';
import { Failure } from '../model/failure.ts';
import { deleteTable, sameTable, type Table } from '../nft/commands.ts';
import type { Nft } from '../nft/port.ts';
import { REVISION_TABLE } from '../nft/revision.ts';

/** What to tell the user. Throws NFT_FAILED where the policies' table cannot be read, or nothing be removed. */
export async function cleanup(nft: Nft): Promise<string> {
  const present: Table[] = [];
  let contents = '';
  for (const table of OUR_TABLES) {
    const own = sameTable(table, POLICY_TABLE);
    const listing = await nft.listTable(table.family, table.name).catch((error: unknown) => {
      // A kernel without tables of that family has none of ours.
      if (own) throw error;
      return null;
    });
    if (listing === null) continue;
    present.push(table);
    if (own) contents = ` (${describeContents(listing)})`;
  }
  const [first, ...others] = present.map(nameOf);
  if (first === undefined) return `nothing to remove: there is no table ${nameOf(POLICY_TABLE)}`;
  const revisions = await nft.listTable(REVISION_TABLE.family, REVISION_TABLE.name);
  // Of no meaning to packets, and not worth a word.
  const silent = revisions === null ? [] : [REVISION_TABLE];
  const result = await nft.commit([...present, ...silent].map(deleteTable));
  if (result.kind !== 'committed') {
    throw new Failure(
      'NFT_FAILED',
      `could not remove table ${[first, ...others].join(' and ')}: ${result.message}`,
    );
  }
  const more = others.map((name) => ` and table ${name}`).join('');
  return `removed table ${first}${contents}${more}; no NetworkPolicy is enforced on this node any more`;
}

function nameOf({ family, name }: Table): string {
  return `${family} ${name}`;
}

function describeContents(listing: unknown): string {
  const objects = (listing as { nftables?: readonly object[] }).nftables ?? [];
  const count = (kind: string): number => objects.filter((object) => kind in object).length;
  return ['chain', 'rule', 'set', 'map'].map((kind) => `${count(kind)} ${kind}s`).join(', ');
}
