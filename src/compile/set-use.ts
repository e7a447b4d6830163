/** The sets that rules look up, and how. */
import type { NftSet, SetName } from '../nft/objects.ts';
import type { MemberSetMeaning } from '../policy/member-set.ts';

export type SetUse =
  /** Members come and go with pods; `key` is the meaning's injective text. */
  | {
      readonly kind: 'members';
      readonly key: string;
      readonly name: SetName;
      readonly meaning: MemberSetMeaning;
      readonly text: string;
    }
  /** Written in the policy itself, so it never changes. */
  | {
      readonly kind: 'fixed';
      readonly key: string;
      readonly name: SetName;
      readonly set: NftSet;
      readonly text: string;
    };

/** What is asked of a set about one end of a connection. */
export interface Lookup {
  readonly use: SetUse;
  /** What stands in the set: the end's address, its first so many bits, or either with something beside it. */
  readonly key:
    | { readonly kind: 'address' }
    | { readonly kind: 'prefix'; readonly length: number }
    | { readonly kind: 'address and protocol' }
    | { readonly kind: 'address and port' };
  /** Who is in it does not match. */
  readonly negated: boolean;
}
