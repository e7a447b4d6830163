/**
 * What others have in the kernel that packets of pods may meet beside our tables, from `nft -j list chains` and
 * `nft -j list flowtables`: neither reads a rule or an element, so that other people's newer tables do no harm.
 */
import { z } from 'zod';
import type { Table } from './commands.ts';
import { parseListing } from './listing.ts';

/** A base chain that may drop what policies allow. */
export interface OtherChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: string;
  readonly priority: number;
  /** `drop`: whatever none of its rules accepts. */
  readonly policy: string;
}

/** Connections that a rule hands to it skip the hook forward, on packets that come in by one of its devices. */
export interface Flowtable {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly devices: readonly string[];
}

/** In the order in which a forwarded packet meets them. */
const HOOKS = ['ingress', 'prerouting', 'forward', 'postrouting', 'egress'];

/** Chains of type filter at those hooks, of all tables but `ours`. Throws NFT_UNREADABLE. */
export function otherChains(json: unknown, ours: readonly Table[]): readonly OtherChain[] {
  return parseListing(json)
    .chains.flatMap((chain): readonly OtherChain[] => {
      const { family, table, name, type, hook = '', prio = 0, policy = 'accept' } = chain;
      if (type !== 'filter' || !HOOKS.includes(hook)) return [];
      if (ours.some((each) => each.family === family && each.name === table)) return [];
      return [{ family, table, name, hook, priority: prio, policy }];
    })
    .sort(
      (a, b) =>
        HOOKS.indexOf(a.hook) - HOOKS.indexOf(b.hook) ||
        a.priority - b.priority ||
        (nameOf(a) < nameOf(b) ? -1 : 1),
    );
}

function nameOf({ family, table, name }: OtherChain): string {
  return `${family} ${table} ${name}`;
}

const flowtable = z.object({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  dev: z.union([z.string(), z.array(z.string())]).optional(),
});

/** Throws NFT_UNREADABLE. */
export function flowtables(json: unknown): readonly Flowtable[] {
  return parseListing(json).others.flatMap(({ kind, value }): readonly Flowtable[] => {
    const parsed = kind === 'flowtable' ? flowtable.safeParse(value) : null;
    if (!parsed?.success) return [];
    const { family, table, name, dev } = parsed.data;
    return [{ family, table, name, devices: [dev ?? []].flat() }];
  });
}
