/**
 * The nftables objects policyd writes, typed so that what is not listed here cannot be rendered.
 * The words are nftables' own; the JSON they become is libnftables-json(5). No I/O, no policy.
 */
import type { Branded } from '../model/brand.ts';

/** `[a-z0-9_]`, at most 64 characters, never a keyword: always prefixed. */
export type ChainName = Branded<'ChainName'>;
export type SetName = Branded<'SetName'>;

/**
 * One set element in nft's text form, canonical, so that equal elements are equal strings:
 * `10.0.0.1`, `10.0.0.1 . 80` (concatenation), `10.0.0.0-10.0.255.255 . 0-255` (intervals, always as
 * ranges `first-last`, single values bare).
 */
export type Element = string;

export type ElementType = 'ipv4_addr' | 'ipv6_addr' | 'inet_service' | 'inet_proto' | 'ifname';

export interface NftSet {
  readonly name: SetName;
  /** One type, or the fields of a concatenation. */
  readonly type: readonly ElementType[];
  /** Interval sets must be concatenations (datapath 5.1: a large plain interval set slows every write). */
  readonly interval: boolean;
  /** In any order. Views of one live set (model/live-set) are compared by what lies between them. */
  readonly elements: ReadonlySet<Element>;
}

/** A verdict map: address to verdict. */
export interface NftMap {
  readonly name: SetName;
  readonly type: readonly ElementType[];
  readonly elements: ReadonlyMap<Element, ElementVerdict>;
}

export type ElementVerdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'goto'; readonly chain: ChainName };

export interface Chain {
  readonly name: ChainName;
  readonly hook: BaseHook | null;
  readonly rules: readonly Rule[];
  /**
   * Hash of the rules as written (comments included). It stands in every rule's comment as
   * `<fingerprint>.<index>`, so a listing shows whether a chain still holds exactly our rules.
   */
  readonly fingerprint: string;
}

interface AnyHook {
  readonly type: 'filter';
  /** Smaller runs earlier; unique among the base chains of a hook. */
  readonly priority: number;
  /** What the end of the chain means. */
  readonly policy: 'accept';
}

/** Which of them a family has: HOOKS. */
export type BaseHook =
  | (AnyHook & { readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' })
  /**
   * Of the link of that name and no other. Older kernels take the chain away with the link; 6.18 keeps it, also
   * before there is one, for whichever link gets the name.
   */
  | (AnyHook & { readonly hook: 'ingress'; readonly device: string });

export interface Rule {
  readonly statements: readonly Statement[];
  /** Whom it serves, for people reading a listing: `[A-Za-z0-9_./:-]`, at most 90 bytes; may be empty. */
  readonly note: string;
}

export type Statement =
  | { readonly kind: 'match'; readonly left: Expression; readonly op: '==' | '!='; readonly right: Operand }
  | { readonly kind: 'tcpFlagsNotSyn' }
  | { readonly kind: 'counter' }
  | { readonly kind: 'vmap'; readonly key: Expression; readonly map: SetName }
  | { readonly kind: 'jump'; readonly chain: ChainName }
  | { readonly kind: 'goto'; readonly chain: ChainName }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' };

export type Expression =
  | { readonly kind: 'ctState' }
  /** `ct original ip saddr` is the real client, `ct reply ip saddr` the real backend, whatever NAT did. */
  | {
      readonly kind: 'ctAddress';
      readonly direction: 'original' | 'reply';
      readonly family: 4 | 6;
      /** Only the first so many bits, at least 1, the others zero; absent: all of them. */
      readonly prefix?: number;
    }
  /** `ct reply proto-src`: the real backend's port. */
  | { readonly kind: 'ctReplyPort' }
  | { readonly kind: 'l4proto' }
  /** Header addresses. */
  | { readonly kind: 'address'; readonly field: 'saddr' | 'daddr'; readonly family: 4 | 6 }
  | { readonly kind: 'icmpType'; readonly family: 4 | 6 }
  /** Of the IPv6 header; 255 has passed no router. */
  | { readonly kind: 'hopLimit' }
  /** Of the IPv6 header: bytes after it, extension headers included. */
  | { readonly kind: 'payloadLength' }
  /** Of the whole packet, without the header of its frame. */
  | { readonly kind: 'packetLength' }
  /** How the frame was addressed: `host`, `broadcast`, `multicast`; on a bridge, `host` is any one port. */
  | { readonly kind: 'packetType' }
  /** The protocol that the frame says it carries. */
  | { readonly kind: 'etherType' }
  /** Name of the link a packet came in by or leaves by; of frames that a bridge
   * forwards, the bridge in a table of family inet, the port in one of family bridge. */
  | { readonly kind: 'link'; readonly direction: 'in' | 'out' }
  /** `fib saddr . iif oif`: the link by which the source is routed, if that is the one the packet came in by. */
  | { readonly kind: 'sourceRoute' }
  /** Of the UDP header; other protocols have none. */
  | { readonly kind: 'udpPort' }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[] };

export type Operand =
  | { readonly kind: 'set'; readonly name: SetName }
  /** An anonymous set of words (`tcp`, `established`, `nd-neighbor-solicit`), or a single one. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** An anonymous set of ports, or other numbers of 16 bits, and inclusive ranges, disjoint and sorted. */
  | { readonly kind: 'ports'; readonly ranges: readonly { readonly first: number; readonly last: number }[] }
  /** An anonymous set of disjoint prefixes of one family, sorted. */
  | { readonly kind: 'prefixes'; readonly cidrs: readonly string[] }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'links'; readonly names: readonly string[] }
  /** Of `sourceRoute`: there is none. */
  | { readonly kind: 'missing' };

/**
 * `bridge` sees whole frames, of whatever protocol, and knows ports of a bridge by name; `netdev` all that a
 * link receives, before anything else does.
 */
export type TableFamily = 'inet' | 'bridge' | 'netdev';

/** What can be hooked in a table of each family; in which order packets meet it is hook-order.ts. */
export const HOOKS: Readonly<Record<TableFamily, readonly BaseHook['hook'][]>> = {
  inet: ['prerouting', 'input', 'forward', 'output'],
  bridge: ['prerouting', 'forward', 'postrouting'],
  netdev: ['ingress'],
};

/** The whole of one table, the input of `plan` and `walk`. Maps by name; iteration order is by name. */
export interface Ruleset {
  readonly table: { readonly family: TableFamily; readonly name: string };
  readonly chains: ReadonlyMap<ChainName, Chain>;
  readonly sets: ReadonlyMap<SetName, NftSet>;
  readonly maps: ReadonlyMap<SetName, NftMap>;
}
