/** What is to be known and to be done about bridges of this network namespace; `host` implements it. */
import type { Address, Cidr, Family } from '../model/address.ts';

export interface Link {
  readonly name: string;
  /** Global ones only. */
  readonly addresses: readonly LinkAddress[];
  readonly kind: LinkKind;
  /** Of a bridge: those that are veths or tunnels. */
  readonly ports: readonly string[];
}

export interface LinkAddress {
  readonly address: Address;
  /** The prefix it lies in. */
  readonly subnet: Cidr;
}

/**
 * `closed`: a bridge whose ports are all veths or tunnels; `open`: a bridge with other ports too, or with
 * ports that are not known; `unseen`: it may be a bridge, but /sys shows another network namespace.
 */
export type LinkKind = 'closed' | 'open' | 'unseen';

/** Where frames of a bridge are told to pass the rules for IP: on one bridge, or on all of the namespace. */
export type FilterPlace = { readonly kind: 'bridge'; readonly name: string } | { readonly kind: 'namespace' };

export type Setting = 'on' | 'off' | 'absent';

export interface BridgeHost {
  /** Bridges, and whatever else may be one. */
  links(): readonly Link[];
  /** By longest prefix; null: no route, or not through a link. */
  linkTo(address: Address): string | null;
  /** br_netfilter is there. */
  filterLoaded(): boolean;
  setting(place: FilterPlace, family: Family): Setting;
  /** What went wrong, in the kernel's words; null: written. */
  switchOn(place: FilterPlace, family: Family): string | null;
}
