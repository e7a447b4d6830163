/**
 * What `nft -j list table` printed, checked only as far as we rely on it: nft adds fields and kinds over
 * time, flags are strings or arrays. Expressions stay unknown here; `walk` reads them and refuses what it
 * does not know.
 */
import { z } from 'zod';
import { Failure } from '../model/failure.ts';

export interface ListedTable {
  readonly family: string;
  readonly name: string;
  readonly flags: readonly string[];
}

/** The last five only of base chains; `dev`, one or several, only of netdev. */
export interface ListedChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type?: string | undefined;
  readonly hook?: string | undefined;
  readonly dev?: string | readonly string[] | undefined;
  readonly prio?: number | undefined;
  readonly policy?: string | undefined;
}

export interface ListedRule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly handle?: number | undefined;
  readonly comment?: string | undefined;
  readonly expr: readonly unknown[];
}

/** A set, or with `map` a map. */
export interface ListedSet {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly type: readonly string[];
  readonly map?: unknown;
  readonly flags: readonly string[];
  readonly elem?: readonly unknown[] | undefined;
}

const flags = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => [value ?? []].flat());

const table: z.ZodType<ListedTable> = z.looseObject({ family: z.string(), name: z.string(), flags });

const chain: z.ZodType<ListedChain> = z.looseObject({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  dev: z.union([z.string(), z.array(z.string())]).optional(),
  prio: z.number().optional(),
  policy: z.string().optional(),
});

const rule: z.ZodType<ListedRule> = z.looseObject({
  family: z.string(),
  table: z.string(),
  chain: z.string(),
  handle: z.number().optional(),
  comment: z.string().optional(),
  expr: z.array(z.unknown()),
});

/** A concatenation is a list; a `typeof` object is not ours and never equals a type of ours. */
const type = z.unknown().transform((value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map(String);
});

const set: z.ZodType<ListedSet> = z.looseObject({
  family: z.string(),
  table: z.string(),
  name: z.string(),
  type,
  map: z.unknown().optional(),
  flags,
  elem: z.array(z.unknown()).optional(),
});

const listing: z.ZodType<{ readonly nftables: readonly Readonly<Record<string, unknown>>[] }> = z.looseObject(
  {
    nftables: z.array(z.record(z.string(), z.unknown())),
  },
);

/** Of a kind that policyd never writes (a counter, a flowtable, ...). */
export interface ListedOther {
  readonly kind: string;
  readonly value: unknown;
}

export interface Listing {
  readonly version: string | null;
  readonly tables: readonly ListedTable[];
  readonly chains: readonly ListedChain[];
  readonly rules: readonly ListedRule[];
  readonly sets: readonly ListedSet[];
  readonly maps: readonly ListedSet[];
  readonly others: readonly ListedOther[];
}

/** `json`: the whole of what `nft -j list` printed. Throws NFT_UNREADABLE, and says where. */
export function parseListing(json: unknown): Listing {
  const result = {
    version: null as string | null,
    tables: [] as ListedTable[],
    chains: [] as ListedChain[],
    rules: [] as ListedRule[],
    sets: [] as ListedSet[],
    maps: [] as ListedSet[],
    others: [] as ListedOther[],
  };
  for (const [position, entry] of read(listing, json, 'the listing').nftables.entries()) {
    for (const [kind, value] of Object.entries(entry)) {
      const where = `nftables[${position}].${kind}`;
      if (kind === 'metainfo') result.version = readVersion(value);
      else if (kind === 'table') result.tables.push(read(table, value, where));
      else if (kind === 'chain') result.chains.push(read(chain, value, where));
      else if (kind === 'rule') result.rules.push(read(rule, value, where));
      else if (kind === 'set') result.sets.push(read(set, value, where));
      else if (kind === 'map') result.maps.push(read(set, value, where));
      else result.others.push({ kind, value });
    }
  }
  return result;
}

function readVersion(value: unknown): string | null {
  const parsed = z.looseObject({ version: z.string() }).safeParse(value);
  return parsed.success ? parsed.data.version : null;
}

function read<Output>(schema: z.ZodType<Output>, value: unknown, where: string): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = [where, ...(issue?.path ?? [])].join('.');
  throw new Failure(
    'NFT_UNREADABLE',
    `nft's listing is not understood at ${at}: ${issue?.message ?? 'unknown'}`,
    {
      hint: 'policyd reads the JSON of nft 1.0.6 and later. Is another program printing in its place?',
      cause: parsed.error,
    },
  );
}
