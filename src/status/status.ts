/** What the agent says at GET /status; `schema.ts` reads it. Additions are fine, changes are not. */
import type { ResourceVersions } from '../kinds/versions.ts';

export interface AgentStatus {
  readonly node: string;
  /** This node is known, everything has been listed, the kernel is known to hold what was compiled, and the API server answers. */
  readonly ready: boolean;
  /** The kernel holds the ruleset of everything seen so far. */
  readonly inSync: boolean;
  /** Every table has been read since the last moment at which somebody else may have changed it. */
  readonly verified: boolean;
  /** How often a table was found changed by somebody else, and put right. */
  readonly repairs: number;
  /** Counts the rulesets that went into the kernel, or were found to be there, since the start. */
  readonly revision: number;
  /** What the ruleset in the kernel contains: the newest version seen of each kind; empty before the first. */
  readonly resourceVersions: ResourceVersions;
  /** For how long some kind of object could not be followed; 0: all are. */
  readonly staleSeconds: number;
  /** null: connections are not tracked here yet. */
  readonly conntrack: { readonly entries: number; readonly max: number } | null;
  /** The longest time policyd was held up in the last seconds. */
  readonly eventLoopDelayMs: number;
  readonly degraded: readonly Degradation[];
  /** Objects of which some part is not enforced, and why. */
  readonly problems: readonly ObjectProblem[];
  /** Bridges with pods; empty where pods are routed. */
  readonly bridges: readonly BridgeStatus[];
  /** How often frames of those bridges had been taken away from the rules by somebody else. */
  readonly bridgeRepairs: number;
  /** Base chains of others that packets of pods may meet, in that order: they may drop what policies allow. null: not
   * looked at. */
  readonly otherChains: readonly OtherChainStatus[] | null;
}

export interface OtherChainStatus {
  /** `ip`, `inet`, `bridge`, ... */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** `forward` */
  readonly hook: string;
  readonly priority: number;
  /** `drop`: whatever none of its rules accepts. */
  readonly policy: string;
}

export interface BridgeStatus {
  readonly name: string;
  /** Its frames pass the rules. */
  readonly filtered: { readonly ipv4: boolean; readonly ipv6: boolean };
}

export interface Degradation {
  readonly code: DegradationCode;
  readonly message: string;
}

/** Append-only. */
export type DegradationCode =
  | 'NOT_LISTED'
  | 'API_UNREACHABLE'
  | 'API_UNAUTHORIZED'
  | 'API_FORBIDDEN'
  | 'NO_POD_RANGE'
  | 'POD_RANGE_UNUSABLE'
  | 'BRIDGE_UNFILTERED'
  | 'BRIDGE_UNGUARDED'
  | 'COMPILE_FAILED'
  | 'NFT_UNREADABLE'
  | 'NFT_REFUSED'
  | 'NFT_UNCERTAIN'
  | 'NFT_SLOW'
  | 'API_UNTRUSTED'
  | 'CONNTRACK_FULL'
  | 'SOURCES_UNGUARDED'
  | 'CHANGES_UNHEARD'
  | 'NODE_UNKNOWN'
  | 'PATH_UNJUDGED';

export interface ObjectProblem {
  /** `NetworkPolicy shop/api-allow` */
  readonly object: string;
  readonly message: string;
}
