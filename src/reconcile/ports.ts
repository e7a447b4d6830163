/**
 * What the loop needs from the world. `host`, `kube` and `telemetry` implement these; tests hand in fakes.
 * Times are milliseconds of a monotonic clock: the wall clock may jump.
 */
import type { NftCommand } from '../nft/commands.ts';

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
  /** What `commit` would return, changing nothing. */
  check(commands: readonly NftCommand[]): Promise<CommitResult>;
  /** One atomic transaction. Throws NFT_MISSING; every other outcome is a result. */
  commit(commands: readonly NftCommand[]): Promise<CommitResult>;
}

export interface Clock {
  now(): number;
  /** Calls back once after the delay; the result cancels. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Calls back once everything that has already arrived has been handled. */
  soon(callback: () => void): void;
}

export type Facts = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
}
