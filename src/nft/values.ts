/** The numbers behind the words, addresses and ports that rules compare with. */
import { addressNumber } from './address-numbers.ts';
import { LINK } from './alphabet.ts';
import { icmpTypeNumber } from './icmp-types.ts';
import type { Expression } from './objects.ts';
import { protocolNumber } from './protocol-names.ts';

/** The bits of the kernel's `ct state`; a packet has exactly one. */
const CT_STATES: ReadonlyMap<string, number> = new Map([
  ['invalid', 1],
  ['established', 2],
  ['related', 4],
  ['new', 8],
  ['untracked', 64],
]);

/** null: not a value that this expression can have. */
export function comparable(left: Expression, word: unknown): bigint | null {
  if (left.kind === 'sourceRoute') return word === false ? 0n : null;
  if (typeof word !== 'string' && typeof word !== 'number') return null;
  switch (left.kind) {
    case 'ctState':
      return whole(CT_STATES.get(String(word)));
    case 'l4proto':
      return whole(protocolNumber(word));
    case 'icmpType':
      return whole(icmpTypeNumber(left.family, word));
    case 'hopLimit':
      return whole(hopLimitNumber(word));
    case 'ctReplyPort':
      return whole(portNumber(word));
    case 'payloadLength':
    case 'packetLength':
      return whole(portNumber(word));
    case 'etherType':
      return whole(ETHER_TYPES.get(String(word)));
    case 'packetType':
      return whole(PACKET_TYPES.get(String(word)));
    case 'link':
      return typeof word === 'string' ? linkNumber(word) : null;
    case 'udpPort':
      return whole(portNumber(word));
    case 'ctAddress':
    case 'address':
      return addressNumber(left.family, String(word));
    case 'concat':
      return null;
  }
}

/** What nft has names for (if_ether.h). */
export const ETHER_TYPES: ReadonlyMap<string, number> = new Map([
  ['ip', 0x0800],
  ['arp', 0x0806],
  ['ip6', 0x86dd],
]);

/** The kernel's numbers (if_packet.h). */
const PACKET_TYPES: ReadonlyMap<string, number> = new Map([
  ['host', 0],
  ['unicast', 0],
  ['broadcast', 1],
  ['multicast', 2],
  ['other', 3],
]);

/** -1: no type that a packet has. */
export function packetTypeValue(word: string): bigint {
  return BigInt(PACKET_TYPES.get(word) ?? -1);
}

/** A name as a number, injective; null: a pattern, or a name we never write. */
export function linkNumber(name: string): bigint | null {
  return LINK.test(name) ? BigInt(`0x${Buffer.from(name).toString('hex')}`) : null;
}

/** The bit of that state; 0: there is no such state. */
export function stateValue(state: string): bigint {
  return BigInt(CT_STATES.get(state) ?? 0);
}

/** nft 1.0.6 lists ports of an anonymous set under `ct proto-src` as `0x50 [invalid type]`. */
function portNumber(word: string | number): number | null {
  const hex = /^0x([0-9a-f]{1,4}) \[invalid type\]$/.exec(String(word));
  const port = hex ? Number.parseInt(hex[1] ?? '', 16) : Number(word);
  return Number.isInteger(port) && port >= 0 && port <= 65535 ? port : null;
}

/** null: not 0 .. 255. */
export function hopLimitNumber(word: string | number): number | null {
  const number = /^\d{1,3}$/.test(String(word)) ? Number(word) : 256;
  return number <= 255 ? number : null;
}

function whole(value: number | null | undefined): bigint | null {
  return value === null || value === undefined ? null : BigInt(value);
}
