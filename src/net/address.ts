/**
 * IP addresses: text <-> number. Accepts what the API server stores, gives canonical text only.
 * Never guesses: what is not an address is null.
 */
import { type Address, type Family, familyOf } from '../model/address.ts';

/** Bits of an address. */
export function width(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is the IPv4 address; leading zeros of IPv4 octets are decimal (semantics E4). */
export function parseAddress(text: string): Address | null {
  const value = text.includes(':') ? parseV6(text) : parseV4(text);
  if (value === null) return null;
  if (!text.includes(':')) return addressFrom(4, value);
  return value >> 32n === 0xffffn ? addressFrom(4, value & 0xffffffffn) : addressFrom(6, value);
}

/** 0 .. 2^32-1 or 2^128-1. */
export function addressValue(address: Address): bigint {
  const value = familyOf(address) === 4 ? parseV4(address) : parseV6(address);
  if (value === null) throw new TypeError(`not a canonical address: ${address}`);
  return value;
}

/** Canonical text of 0 .. 2^32-1 or 2^128-1; the reverse of addressValue. */
export function addressFrom(family: Family, value: bigint): Address {
  return (family === 4 ? formatV4(value) : formatV6(value)) as Address;
}

function parseV4(text: string): bigint | null {
  const octets = text.split('.');
  if (octets.length !== 4) return null;
  let value = 0;
  for (const octet of octets) {
    if (!/^\d{1,3}$/.test(octet)) return null;
    const number = Number(octet);
    if (number > 255) return null;
    value = value * 256 + number;
  }
  return BigInt(value);
}

/** Text of at most 45 characters; zone identifiers are refused. */
function parseV6(text: string): bigint | null {
  if (text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const left = parseGroups(halves[0] ?? '', halves.length === 1);
  const right = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (left === null || right === null) return null;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...new Array<number>(missing).fill(0), ...right];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function parseGroups(text: string, last: boolean): readonly number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const tail = last && index === parts.length - 1 ? parseV4(part) : null;
      if (tail === null) return null;
      groups.push(Number(tail >> 16n), Number(tail & 0xffffn));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function formatV4(value: bigint): string {
  const number = Number(value);
  return [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.');
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function formatV6(value: bigint): string {
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}
