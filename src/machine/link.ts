/** Links of the node on which pods may hang. */
import type { Address, Cidr } from '../model/address.ts';

/** A bridge, or what may be one. */
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
