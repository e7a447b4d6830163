/** The rulesets of nodes, read once each and made ready to walk. */
import type { Channel } from '../channel/channel.ts';
import { compile } from '../compile/compile.ts';
import type { KernelView, KernelViews } from '../explain/kernel.ts';
import { parseListing } from '../nft/listing.ts';
import { walkableFromListing } from '../nft/walk.ts';
import { usableRanges } from '../policy/quarantine.ts';
import { asReported } from '../world/reported.ts';
import type { World } from '../world/world.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;

/** What a node should have is compiled from the same world, for the meaning of names. */
export function readViews(channel: Pick<Channel, 'listing'>, world: World): KernelViews {
  const views = new Map<string, Promise<KernelView>>();
  const read = async (node: string): Promise<KernelView> => {
    const { inSync, listing } = await channel.listing(node);
    const parsed = parseListing(listing);
    const enforced = parsed.tables.some(({ family, name }) => family === TABLE.family && name === TABLE.name);
    const podRanges = usableRanges(world.snapshot, node);
    return {
      node,
      inSync,
      walkable: enforced ? walkableFromListing(parsed, TABLE) : null,
      compiled: compile(asReported(world), { node, podRanges }),
    };
  };
  return {
    of: (node) => {
      const view = views.get(node) ?? read(node);
      views.set(node, view);
      return view;
    },
  };
}
