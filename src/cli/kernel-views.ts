/** The rulesets of nodes, read once each and made ready to walk. */
import { compile } from '../compile/compile.ts';
import { type KernelView, withoutStandIns } from '../explain/kernel.ts';
import { parseListing } from '../nft/listing.ts';
import { walkableFromListing } from '../nft/walk.ts';
import { usableRanges } from '../policy/quarantine.ts';
import type { World } from '../world/world.ts';
import type { KernelSource } from './kernel-source.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;

export class KernelViews {
  readonly #source: KernelSource;
  readonly #world: World;
  readonly #views = new Map<string, Promise<KernelView>>();

  constructor(source: KernelSource, world: World) {
    this.#source = source;
    this.#world = world;
  }

  of(nodes: readonly string[]): Promise<readonly KernelView[]> {
    return Promise.all(nodes.map((node) => this.#view(node)));
  }

  #view(node: string): Promise<KernelView> {
    const known = this.#views.get(node);
    if (known !== undefined) return known;
    const view = this.#read(node);
    this.#views.set(node, view);
    return view;
  }

  async #read(node: string): Promise<KernelView> {
    const { inSync, listing } = await this.#source.read(node);
    const { snapshot, standIns } = this.#world;
    const podRanges = usableRanges(snapshot, node);
    return {
      node,
      inSync,
      walkable: listing === null ? null : walkableFromListing(parseListing(listing), TABLE),
      compiled: compile(withoutStandIns(snapshot, standIns), { node, podRanges }),
    };
  }
}
