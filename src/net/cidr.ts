/** Prefixes: text <-> range. Host bits are masked, and it is said that they were (semantics E4). */
import { type Address, type Cidr, type Family, familyOf } from '../model/address.ts';
import { addressFrom, addressValue, parseAddress, width } from './address.ts';
import type { AddressRange } from './range.ts';

export interface ParsedCidr {
  readonly cidr: Cidr;
  /** Host bits were set in the text. */
  readonly masked: boolean;
}

/** An IPv4-mapped prefix of 96 bits or more is the IPv4 prefix. */
export function parseCidr(text: string): ParsedCidr | null {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (!match?.[1] || match[2] === undefined) return null;
  const address = parseAddress(match[1]);
  if (address === null) return null;
  const family = familyOf(address);
  const mapped = family === 4 && match[1].includes(':');
  const bits = Number(match[2]) - (mapped ? 96 : 0);
  if (bits < 0 || bits > width(family)) return null;
  const hostBits = BigInt(width(family) - bits);
  const value = addressValue(address);
  const base = (value >> hostBits) << hostBits;
  return { cidr: `${addressFrom(family, base)}/${bits}` as Cidr, masked: base !== value };
}

/** 0 .. 32 or 128. */
export function prefixLength(cidr: Cidr): number {
  return Number(cidr.slice(cidr.indexOf('/') + 1));
}

/** The addresses in it, both ends inclusive. */
export function cidrRange(cidr: Cidr): AddressRange {
  const family = familyOf(cidr);
  const first = addressValue(cidr.slice(0, cidr.indexOf('/')) as Address);
  const size = 1n << BigInt(width(family) - prefixLength(cidr));
  return { family, first, last: first + size - 1n };
}

/** The address of which only the first `length` bits are ones. */
export function netmask(family: Family, length: number): Address {
  return addressFrom(family, maskValue(family, length));
}

/** Of a netmask as a number; null: its ones are not all at the beginning. */
export function maskLength(family: Family, mask: bigint): number | null {
  const zeros = (1n << BigInt(width(family))) - 1n - mask;
  // Ones at the end only: one more is a power of two.
  if ((zeros & (zeros + 1n)) !== 0n) return null;
  return width(family) - (zeros === 0n ? 0 : zeros.toString(2).length);
}

/** The first address that shares its first `length` bits with this one; without a length, itself. */
export function networkOf(address: Address, length?: number): Address {
  if (length === undefined) return address;
  const family = familyOf(address);
  return addressFrom(family, addressValue(address) & maskValue(family, length));
}

function maskValue(family: Family, length: number): bigint {
  const hostBits = BigInt(width(family) - length);
  return ((1n << BigInt(length)) - 1n) << hostBits;
}

/** Of the same family only: `::/0` holds no IPv4 address (semantics E3). */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (familyOf(cidr) !== familyOf(address)) return false;
  const { first, last } = cidrRange(cidr);
  const value = addressValue(address);
  return first <= value && value <= last;
}

/** Inner lies wholly in outer and is smaller. */
export function strictlyContains(outer: Cidr, inner: Cidr): boolean {
  if (familyOf(outer) !== familyOf(inner) || prefixLength(inner) <= prefixLength(outer)) return false;
  const a = cidrRange(outer);
  const b = cidrRange(inner);
  return a.first <= b.first && b.last <= a.last;
}

/** The two of one bit more that it is made of. It must not be a single address. */
export function halves(cidr: Cidr): readonly [Cidr, Cidr] {
  const { family, first, last } = cidrRange(cidr);
  const half = (from: bigint): Cidr => `${addressFrom(family, from)}/${prefixLength(cidr) + 1}` as Cidr;
  return [half(first), half((first + last + 1n) >> 1n)];
}

/** The whole of a family. */
export function everything(family: Family): Cidr {
  return (family === 4 ? '0.0.0.0/0' : '::/0') as Cidr;
}
