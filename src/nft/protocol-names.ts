/**
 * IP protocol numbers and the names nft prints for them. nft takes the names from /etc/protocols of the
 * machine it runs on, so we send numbers and read both.
 */

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['ip', 0],
  ['hopopt', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ggp', 3],
  ['ipencap', 4],
  ['st', 5],
  ['tcp', 6],
  ['egp', 8],
  ['igp', 9],
  ['udp', 17],
  ['dccp', 33],
  ['ipv6', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['eigrp', 88],
  ['ospf', 89],
  ['ospfigp', 89],
  ['ipip', 94],
  ['encap', 98],
  ['pim', 103],
  ['ipcomp', 108],
  ['comp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['sctp', 132],
  ['mobility-header', 135],
  ['udplite', 136],
  ['mpls-in-ip', 137],
]);

/** The only names in our own text; every other protocol is its number. */
const CANONICAL: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** From a name of /etc/protocols or a number; null: neither, or past 255. */
export function protocolNumber(word: string | number): number | null {
  if (typeof word === 'number') return inByte(word);
  return /^\d{1,3}$/.test(word) ? inByte(Number(word)) : (NUMBERS.get(word) ?? null);
}

/** The name nft has on every machine, else the number. */
export function protocolWord(number: number): string {
  return CANONICAL.get(number) ?? String(number);
}

function inByte(value: number): number | null {
  return Number.isInteger(value) && value >= 0 && value <= 255 ? value : null;
}
