/** What compile hands on: all that one node needs, and where each part of it comes from. */
import type { Setting } from '../machine/setting.ts';
import type { PodKey } from '../model/cluster.ts';
import type { RuleOrigin } from '../model/endpoint.ts';
import type { ChainName, Ruleset, SetName } from '../nft/objects.ts';
import type { RefusedPolicy } from './budget.ts';

export interface Compiled {
  /** Of OUR_TABLES, those that there should be. The same objects while nothing about them changes. */
  readonly tables: readonly CompiledTable[];
  /** Switches of the host that the rules rely on. */
  readonly settings: readonly Setting[];
  /** What of the machine no rule can hold, in sentences: policies do not hold there. */
  readonly unnameable: readonly string[];
  /** Policies that isolate without their rules, by name, and why. */
  readonly refused: readonly RefusedPolicy[];
}

/** A table, and what its parts come from. */
export interface CompiledTable {
  readonly ruleset: Ruleset;
  /** Per chain and rule index: the policy rules it comes from; empty for rules no policy wrote. */
  readonly origins: ReadonlyMap<ChainName, readonly (readonly RuleOrigin[])[]>;
  /** This node's pods with an address; null: not isolated in that direction. */
  readonly endpoints: ReadonlyMap<
    PodKey,
    { readonly ingress: ChainName | null; readonly egress: ChainName | null }
  >;
  /** For people: what a set's members have in common. */
  readonly meanings: ReadonlyMap<SetName, string>;
}
