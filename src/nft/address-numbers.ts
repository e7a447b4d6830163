/**
 * Addresses and prefixes of a given family as numbers. Unlike `net/`, for which `::ffff:10.0.0.1` is the
 * IPv4 address, an IPv6 field holds IPv6 only: the end of `::/80` is `::ffff:ffff:ffff`, which nft prints as
 * `::ffff:255.255.255.255`.
 */
import type { Address, Family } from '../model/address.ts';
import { addressFrom, addressValue, parseAddress, width } from '../net/address.ts';
import type { NumberRange } from './walkable.ts';

/** null: not an address of this family. */
export function addressNumber(family: Family, text: string): bigint | null {
  if (text.includes(':') !== (family === 6) || parseAddress(text) === null) return null;
  return addressValue(text as Address);
}

/** The one text of an address in an element. null: not an address of this family. */
export function addressText(family: Family, text: string): string | null {
  const number = addressNumber(family, text);
  return number === null ? null : addressFrom(family, number);
}

/** null: not a prefix of this family. */
export function prefixNumbers(family: Family, address: string, length: number): NumberRange | null {
  const number = addressNumber(family, address);
  if (number === null || !Number.isInteger(length) || length < 0 || length > width(family)) return null;
  const hostBits = BigInt(width(family) - length);
  const first = (number >> hostBits) << hostBits;
  return { first, last: first + (1n << hostBits) - 1n };
}
