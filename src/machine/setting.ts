/**
 * Switches of the host that our rules rely on, declared like a chain: frames between two ports of a bridge
 * meet the rules only while br_netfilter hands them over.
 */
import type { Family } from '../model/address.ts';

/** Frames of one family on one bridge are to pass the rules for IP. */
export interface Setting {
  readonly bridge: string;
  /** False: it may be a bridge, which cannot be seen, and is reached through its namespace alone. */
  readonly certain: boolean;
  readonly family: Family;
}

/** Where that is switched: on one bridge, or on all of the network namespace. */
export type SwitchPlace = { readonly kind: 'bridge'; readonly name: string } | { readonly kind: 'namespace' };

export type SwitchState = 'on' | 'off' | 'absent';

/** The switches themselves; `host` reads and writes them. */
export interface Switches {
  /** br_netfilter is there. */
  filterLoaded(): boolean;
  state(place: SwitchPlace, family: Family): SwitchState;
  /** What went wrong, in the kernel's words; null: written. */
  switchOn(place: SwitchPlace, family: Family): string | null;
}

const NAMESPACE: SwitchPlace = { kind: 'namespace' };

/** Any one of them is enough; the first that can be set is the better, since it leaves other bridges alone. */
export function placesOf({ bridge, certain }: Setting): readonly SwitchPlace[] {
  return certain ? [{ kind: 'bridge', name: bridge }, NAMESPACE] : [NAMESPACE];
}
