import type { Branded } from './brand.ts';

/** 4 or 6; everything that concerns addresses is written once for both. */
export type Family = 4 | 6;

/**
 * One IP address in canonical text: dotted quad without leading zeros, or RFC 5952 IPv6.
 * Two equal addresses are the same string. Made by `net/address`.
 */
export type Address = Branded<'Address'>;

/** A canonical prefix, host bits masked: `10.0.0.0/8`, `2001:db8::/32`. Made by `net/cidr`. */
export type Cidr = Branded<'Cidr'>;

/** Canonical IPv6 text always has a colon, IPv4 text never. */
export function familyOf(value: Address | Cidr): Family {
  return value.includes(':') ? 6 : 4;
}
