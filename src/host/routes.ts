/** The kernel's own lists of routes, /proc/net/route and /proc/net/ipv6_route. */
import { type Address, type Family, familyOf } from '../model/address.ts';
import { addressFrom, addressValue } from '../net/address.ts';

export interface RouteEntry {
  readonly family: Family;
  readonly link: string;
  readonly first: bigint;
  /** Of the prefix. */
  readonly bits: number;
  readonly gateway: boolean;
}

const WIDTH: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Without those that lead nowhere, to the node itself, or to groups. */
export function readRoutes(family: Family, text: string): readonly RouteEntry[] {
  return text.split('\n').flatMap((line) => (family === 4 ? readIpv4(line) : readIpv6(line)) ?? []);
}

/** The link of the longest prefix that holds the address; null: none does. */
export function longestPrefix(routes: readonly RouteEntry[], address: Address): string | null {
  const family = familyOf(address);
  const value = addressValue(address);
  let best: RouteEntry | null = null;
  for (const route of routes) {
    if (route.family !== family || (best !== null && route.bits <= best.bits)) continue;
    const rest = BigInt(WIDTH[family] - route.bits);
    if (value >> rest === route.first >> rest) best = route;
  }
  return best === null ? null : best.link;
}

/** Addresses that have a route of their own, by a link and no gateway. */
export function hostRoutes(routes: readonly RouteEntry[]): ReadonlyMap<Address, string> {
  return new Map(
    routes
      .filter(({ family, bits, gateway }) => bits === WIDTH[family] && !gateway)
      .map(({ family, first, link }) => [addressFrom(family, first), link]),
  );
}

/** Links by which a gateway is reached. */
export function uplinks(routes: readonly RouteEntry[]): ReadonlySet<string> {
  return new Set(routes.flatMap(({ gateway, link }) => (gateway ? [link] : [])));
}

/** route.h, ipv6_route.h */
const GATEWAY = 0x0002;
const REJECT = 0x0200;
const ANYCAST = 0x0010_0000;
const LOCAL = 0x8000_0000;
const MULTICAST = 0xffn << 120n;

/** `cni0 0001F40A 00000000 0001 0 0 0 00FFFFFF ...`: numbers in the byte order of the machine. */
function readIpv4(line: string): RouteEntry | null {
  const [link, destination, , flags = '', , , , mask] = line.trim().split(/\s+/);
  if (link === undefined || !isHex(destination, 8) || !isHex(mask, 8)) return null;
  const has = flagsOf(flags);
  if (has(REJECT)) return null;
  const bits = swapped(mask).toString(2).replaceAll('0', '').length;
  return { family: 4, link, first: swapped(destination), bits, gateway: has(GATEWAY) };
}

/** `fd00...00 40 00...00 00 00...00 00000100 00000001 00000000 00000001 cni0` */
function readIpv6(line: string): RouteEntry | null {
  const [destination, bits, , , , , , , flags = '', link] = line.trim().split(/\s+/);
  if (link === undefined || !isHex(destination, 32) || !isHex(bits, 2)) return null;
  const has = flagsOf(flags);
  const first = BigInt(`0x${destination}`);
  if (has(REJECT) || has(LOCAL) || has(ANYCAST) || (first & MULTICAST) === MULTICAST) return null;
  return { family: 6, link, first, bits: Number.parseInt(bits, 16), gateway: has(GATEWAY) };
}

function flagsOf(text: string): (flag: number) => boolean {
  const flags = Number.parseInt(text, 16);
  return (flag) => Math.floor(flags / flag) % 2 === 1;
}

function isHex(text: string | undefined, digits: number): text is string {
  return text?.length === digits && /^[0-9A-Fa-f]+$/.test(text);
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function swapped(hex: string): bigint {
  const bytes = hex.match(/../g) ?? [];
  return BigInt(`0x${(LITTLE_ENDIAN ? [...bytes].reverse() : bytes).join('')}`);
}
