/** What is asked of the nft program. `host` implements it; tests hand in the strict model of the kernel. */
import type { NftCommand, Table } from './commands.ts';

export type CommitResult =
  | { readonly kind: 'committed'; readonly milliseconds: number }
  /** The kernel is unchanged. */
  | Refused
  /** The commit may or may not have happened: killed, timed out, an error after the fact. Observe first. */
  | { readonly kind: 'uncertain'; readonly message: string };

export interface Refused {
  readonly kind: 'refused';
  readonly message: string;
  /** Index of the command that is at fault, when it could be found. */
  readonly command: number | null;
  /** Index into its elements, when one of several is at fault. */
  readonly element?: number;
  /** The same commands may pass in smaller transactions. */
  readonly tooLarge?: true;
}

export interface Nft {
  /** `1.0.6` */
  version(): Promise<string>;
  /** The parsed `nft -j list table`; null when there is no such table. */
  listTable(family: string, name: string): Promise<unknown | null>;
  /** The parsed `nft -j list chains`, or `flowtables`, of all tables. */
  listAll(what: 'chains' | 'flowtables'): Promise<unknown>;
  /** What `commit` would return, changing nothing. */
  check(commands: readonly NftCommand[]): Promise<CommitResult>;
  /** One atomic transaction. Throws NFT_MISSING; every other outcome is a result. */
  commit(commands: readonly NftCommand[]): Promise<CommitResult>;
}

/** Somebody else has written into a table of ours. */
export interface ForeignChange {
  readonly table: Table;
  /** Chains in which rules came or went; `all` if they are too many to be named. */
  readonly chains: ReadonlySet<string> | 'all';
  /** There is no such table any more. */
  readonly gone: boolean;
  /** `nft (process 4711)` */
  readonly by: string;
}

export type Hearing =
  /** Nothing that is written from now on is missed; what was read before may be old. */
  | { readonly kind: 'listening' }
  /** What is written now may be missed; soon to be better. null: at the start. */
  | { readonly kind: 'starting'; readonly reason: string | null }
  /** It is tried again, with little hope: tables must be read to know what is in them. */
  | { readonly kind: 'failing'; readonly reason: string };

export interface ForeignSink {
  /** Only when it changes. */
  hearing(hearing: Hearing): void;
  foreign(change: ForeignChange): void;
  /** While it listens, something was missed. */
  lost(reason: string): void;
  /** A table, a chain or a flowtable of somebody else has come, changed or gone. */
  elsewhere(): void;
}

/** What others write into our tables, as it happens; `host` implements it. */
export interface ForeignChanges {
  /** Until the signal. */
  run(sink: ForeignSink, signal: AbortSignal): Promise<void>;
}
