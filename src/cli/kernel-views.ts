/** The rulesets of nodes, read once each and made ready to walk. */
import type { Channel } from '../channel/channel.ts';
import { compile } from '../compile/compile.ts';
import { OUR_TABLES } from '../compile/names.ts';
import type { KernelView, KernelViews } from '../explain/kernel.ts';
import { parseListing } from '../nft/listing.ts';
import { walkableFromListing } from '../nft/walk.ts';
import { usableRanges } from '../policy/quarantine.ts';
import { asReported } from '../world/reported.ts';
import type { World } from '../world/world.ts';

/** What a node should have is compiled from the same world, for the meaning of names. */
export function readViews(channel: Pick<Channel, 'listing' | 'status'>, world: World): KernelViews {
  const views = new Map<string, Promise<KernelView>>();
  const bridges = remembered(() => readBridges(channel));
  const read = async (node: string): Promise<KernelView> => {
    const { inSync, listing } = await channel.listing(node);
    const parsed = parseListing(listing);
    const tables = OUR_TABLES.filter((own) =>
      parsed.tables.some(({ family, name }) => family === own.family && name === own.name),
    );
    const podRanges = usableRanges(world.snapshot, node);
    return {
      node,
      inSync,
      tables: tables.map((table) => walkableFromListing(parsed, table)),
      bridge: (await bridges()).get(node) ?? null,
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

/** Of nodes that have one bridge with pods: of several nobody knows on which a pod hangs. */
async function readBridges(channel: Pick<Channel, 'status'>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { node, agent } of await channel.status()) {
    const [bridge, ...others] = agent?.bridges ?? [];
    if (bridge !== undefined && others.length === 0) found.set(node, bridge.name);
  }
  return found;
}

function remembered<T>(read: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | null = null;
  return () => {
    known ??= read();
    return known;
  };
}
