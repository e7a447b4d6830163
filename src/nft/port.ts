/** What is asked of the nft program. `host` implements it; tests hand in the strict model of the kernel. */
import type { NftCommand } from './commands.ts';

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
