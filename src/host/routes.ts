/** The kernel's own lists of routes, /proc/net/route and /proc/net/ipv6_route. */
import { type Address, familyOf } from '../model/address.ts';
import { addressValue } from '../net/address.ts';

interface RouteEntry {
  readonly link: string;
  readonly first: bigint;
  readonly bits: number;
}

/** The link of the longest prefix that holds the address; null: none does. */
export function longestPrefix(text: string, address: Address): string | null {
  const four = familyOf(address) === 4;
  const width = four ? 32 : 128;
  const value = addressValue(address);
  let best: RouteEntry | null = null;
  for (const line of text.split('\n')) {
    const route = four ? readIpv4(line) : readIpv6(line);
    if (route === null || (best !== null && route.bits <= best.bits)) continue;
    const rest = BigInt(width - route.bits);
    if (value >> rest === route.first >> rest) best = route;
  }
  return best === null ? null : best.link;
}

/** `cni0 0001F40A 00000000 0001 0 0 0 00FFFFFF ...`: numbers in the byte order of the machine. */
function readIpv4(line: string): RouteEntry | null {
  const [link, destination, , , , , , mask] = line.trim().split(/\s+/);
  if (link === undefined || !isHex(destination, 8) || !isHex(mask, 8)) return null;
  const bits = swapped(mask).toString(2).replaceAll('0', '').length;
  return { link, first: swapped(destination), bits };
}

/** `fd00...00 40 00...00 00 00...00 00000100 00000001 00000000 00000001 cni0` */
function readIpv6(line: string): RouteEntry | null {
  const [destination, bits, , , , , , , , link] = line.trim().split(/\s+/);
  if (link === undefined || !isHex(destination, 32) || !isHex(bits, 2)) return null;
  return { link, first: BigInt(`0x${destination}`), bits: Number.parseInt(bits, 16) };
}

function isHex(text: string | undefined, digits: number): text is string {
  return text?.length === digits && /^[0-9A-Fa-f]+$/.test(text);
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function swapped(hex: string): bigint {
  const bytes = hex.match(/../g) ?? [];
  return BigInt(`0x${(LITTLE_ENDIAN ? [...bytes].reverse() : bytes).join('')}`);
}
