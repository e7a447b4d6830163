/** `policyd cleanup`: takes our table out of the kernel, and nothing else. */
import { Failure } from '../model/failure.ts';
import { deleteTable } from '../nft/commands.ts';
import type { Nft } from '../reconcile/ports.ts';
import { TABLE } from './table.ts';

/** What to tell the user. */
export async function cleanup(nft: Nft): Promise<string> {
  const name = `${TABLE.family} ${TABLE.name}`;
  const listing = await nft.listTable(TABLE.family, TABLE.name);
  if (listing === null) return `nothing to remove: there is no table ${name}`;
  const result = await nft.commit([deleteTable(TABLE)]);
  if (result.kind !== 'committed') {
    throw new Failure('NFT_FAILED', `could not remove table ${name}: ${result.message}`);
  }
  return `removed table ${name} (${describeContents(listing)}); no NetworkPolicy is enforced on this node any more`;
}

function describeContents(listing: unknown): string {
  const objects = (listing as { nftables?: readonly object[] }).nftables ?? [];
  const count = (kind: string): number => objects.filter((object) => kind in object).length;
  return ['chain', 'rule', 'set', 'map'].map((kind) => `${count(kind)} ${kind}s`).join(', ');
}
