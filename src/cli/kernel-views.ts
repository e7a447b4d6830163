/** The rulesets of nodes, read once each and made ready to walk. */
import { compile } from '../compile/compile.ts';
import type { KernelView, KernelViews } from '../explain/kernel.ts';
import { parseListing } from '../nft/listing.ts';
import { walkableFromListing } from '../nft/walk.ts';
import { usableRanges } from '../policy/quarantine.ts';
import { asReported } from '../world/reported.ts';
import type { World } from '../world/world.ts';
import type { KernelSource } from './kernel-source.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;

/** What a node should have is compiled from the same world, for the meaning of names. */
export function readViews(source: KernelSource, world: World): KernelViews {
  const views = new Map<string, Promise<KernelView>>();
  const read = async (node: string): Promise<KernelView> => {
    const { inSync, listing } = await source.read(node);
    const podRanges = usableRanges(world.snapshot, node);
    return {
      node,
      inSync,
      walkable: listing === null ? null : walkableFromListing(parseListing(listing), TABLE),
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
