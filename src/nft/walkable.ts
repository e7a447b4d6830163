/** A table that a packet can be walked through: our own ruleset, or what the kernel listed. */
import type { Element, ElementType, Expression, Ruleset } from './objects.ts';

export interface Walkable {
  readonly table: Ruleset['table'];
  /** Base chains, in any order; none of a table that is dormant. */
  readonly bases: readonly WalkBase[];
  /** null: no such chain. Throws NFT_UNREADABLE for a rule of a shape that is not known. */
  rules(chain: string): readonly WalkRule[] | null;
  /** null: no such set. Throws NFT_UNREADABLE for one that is not understood. */
  set(name: string): WalkSet | null;
  map(name: string): WalkMap | null;
}

export interface WalkBase {
  readonly chain: string;
  readonly hook: string;
  /** The links it is hooked to; empty but for netdev. */
  readonly devices: readonly string[];
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
}

export interface WalkSet {
  readonly type: readonly ElementType[];
  readonly interval: boolean;
  readonly elements: ReadonlySet<Element>;
}

export interface WalkMap {
  readonly type: readonly ElementType[];
  readonly elements: ReadonlyMap<Element, WalkVerdict>;
}

/** Matches are ranges of numbers, whatever words or prefixes stood there. */
export interface WalkRule {
  readonly index: number;
  /** The kernel's handle; null in a ruleset that is not in the kernel. */
  readonly handle: number | null;
  readonly note: string;
  readonly statements: readonly WalkStatement[];
}

export type WalkStatement =
  | {
      readonly kind: 'match';
      readonly left: Expression;
      readonly negated: boolean;
      readonly right: WalkOperand;
    }
  /** The flags under `SYN_MASK` are other than SYN alone. */
  | { readonly kind: 'tcpFlagsNotSyn' }
  | { readonly kind: 'counter'; readonly packets: number; readonly bytes: number }
  | { readonly kind: 'vmap'; readonly key: Expression; readonly map: string }
  | WalkVerdict;

export type WalkVerdict =
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' };

export type WalkOperand =
  | { readonly kind: 'set'; readonly name: string }
  | { readonly kind: 'ranges'; readonly ranges: readonly NumberRange[] };

/** Inclusive. */
export interface NumberRange {
  readonly first: bigint;
  readonly last: bigint;
}
