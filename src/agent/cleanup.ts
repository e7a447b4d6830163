/** `policyd cleanup`: takes our tables out of the kernel, and nothing else. */
import { FRAME_TABLE, POLICY_TABLE as TABLE } from '../compile/names.ts';
import { Failure } from '../model/failure.ts';
import { deleteTable, type Table } from '../nft/commands.ts';
import type { Nft } from '../nft/port.ts';

/** What to tell the user. */
export async function cleanup(nft: Nft): Promise<string> {
  const name = nameOf(TABLE);
  const listing = await nft.listTable(TABLE.family, TABLE.name);
  // A kernel without tables of that family has none of ours.
  const frames = await nft.listTable(FRAME_TABLE.family, FRAME_TABLE.name).catch(() => null);
  const present = [...(listing === null ? [] : [TABLE]), ...(frames === null ? [] : [FRAME_TABLE])];
  if (present.length === 0) return `nothing to remove: there is no table ${name}`;
  const result = await nft.commit(present.map(deleteTable));
  const names = present.map(nameOf).join(' and ');
  if (result.kind !== 'committed') {
    throw new Failure('NFT_FAILED', `could not remove table ${names}: ${result.message}`);
  }
  const contents = listing === null ? '' : ` (${describeContents(listing)})`;
  const other = listing !== null && frames !== null ? ` and table ${nameOf(FRAME_TABLE)}` : '';
  const first = nameOf(present[0] ?? TABLE);
  return `removed table ${first}${contents}${other}; no NetworkPolicy is enforced on this node any more`;
}

function nameOf({ family, name }: Table): string {
  return `${family} ${name}`;
}

function describeContents(listing: unknown): string {
  const objects = (listing as { nftables?: readonly object[] }).nftables ?? [];
  const count = (kind: string): number => objects.filter((object) => kind in object).length;
  return ['chain', 'rule', 'set', 'map'].map((kind) => `${count(kind)} ${kind}s`).join(', ');
}
