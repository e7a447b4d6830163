/** What compile hands on: the ruleset, and where each part of it comes from. */
import type { PodKey } from '../model/cluster.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import type { ChainName, Ruleset, SetName } from '../nft/objects.ts';

export interface Compiled {
  readonly ruleset: Ruleset;
  /** Per chain and rule index: the policy rules it comes from; empty for rules no policy wrote. */
  readonly origins: ReadonlyMap<ChainName, readonly (readonly RuleOrigin[])[]>;
  /** This node's pods with an address; null: not isolated in that direction. */
  readonly endpoints: ReadonlyMap<
    PodKey,
    { readonly ingress: ChainName | null; readonly egress: ChainName | null }
  >;
  /** For people: what a set's members have in common. */
  readonly setMeanings: ReadonlyMap<SetName, string>;
}
