/** Whether a packet matches: expressions to values, values against ranges, sets and maps. */
import { addressValue } from '../net/address.ts';
import { networkOf } from '../net/cidr.ts';
import { unreadable } from './alphabet.ts';
import { joinFields } from './elements.ts';
import { type Lookup, lookUp, type Value, within } from './look-up.ts';
import type { Expression } from './objects.ts';
import { type Packet, ROUTED_HOP_LIMIT, type TcpFlag, USUAL_PAYLOAD } from './packet.ts';
import { protocolWord } from './protocol-names.ts';
import { ETHER_TYPES, linkNumber, packetTypeValue, stateValue } from './values.ts';
import type { Walkable, WalkStatement, WalkVerdict } from './walkable.ts';

type Match = Extract<WalkStatement, { kind: 'match' | 'tcpFlagsNotSyn' }>;

/** Adds to `lookups` what it looked up. Throws NFT_UNREADABLE for a set that is not there. */
export function evaluateMatch(walkable: Walkable, packet: Packet, match: Match, lookups: Lookup[]): boolean {
  if (match.kind === 'tcpFlagsNotSyn') return packet.protocol === 6 && !isPlainSyn(packet.tcpFlags);
  const values = evaluate(packet, match.left);
  // An expression that does not apply (another family, no connection) ends the rule, negated or not.
  if (values === null) return false;
  if (match.right.kind === 'set') {
    const lookup = lookUp(walkable, match.right.name, values, match.negated);
    lookups.push(lookup);
    return lookup.hit !== match.negated;
  }
  const [value] = values;
  if (value === undefined || values.length > 1)
    throw unreadable('a concatenation', 'compared without a named set');
  return match.right.ranges.some((range) => within(range, value.number)) !== match.negated;
}

/** null: the key is not in the map, or does not apply; the next rule is tried. */
export function lookUpVerdict(
  walkable: Walkable,
  packet: Packet,
  { key, map: name }: Extract<WalkStatement, { kind: 'vmap' }>,
  lookups: Lookup[],
): WalkVerdict | null {
  const map = walkable.map(name);
  if (!map) throw unreadable(`a look-up in ${name}`, 'no such map');
  const values = evaluate(packet, key);
  if (values === null) return null;
  const element = joinFields(values.map(({ text }) => text));
  const verdict = map.elements.get(element) ?? null;
  const hit = verdict !== null;
  lookups.push({ set: name, key: element, hit, element: hit ? element : null, negated: false });
  return verdict;
}

function isPlainSyn(flags: readonly TcpFlag[]): boolean {
  return flags.includes('syn') && !flags.some((flag) => flag === 'fin' || flag === 'rst' || flag === 'ack');
}

/** One value per part of a concatenation; null: does not apply to this packet. */
function evaluate(packet: Packet, expression: Expression): readonly Value[] | null {
  switch (expression.kind) {
    case 'ctState':
      return [{ text: packet.state, number: stateValue(packet.state) }];
    case 'ctAddress':
      if (packet.connection === null || packet.family !== expression.family) return null;
      return address(networkOf(packet.connection[expression.direction].source, expression.prefix));
    case 'ctReplyPort':
      return packet.connection && whole(packet.connection.reply.sourcePort);
    case 'l4proto':
      return [{ text: protocolWord(packet.protocol), number: BigInt(packet.protocol) }];
    case 'address':
      if (packet.family !== expression.family) return null;
      return address(expression.field === 'saddr' ? packet.source : packet.destination);
    case 'icmpType':
      return packet.family === expression.family && packet.icmpType !== null ? whole(packet.icmpType) : null;
    case 'hopLimit':
      return packet.family === 6 ? whole(packet.hopLimit ?? ROUTED_HOP_LIMIT) : null;
    case 'payloadLength':
      return packet.family === 6 ? whole(packet.payloadLength ?? USUAL_PAYLOAD) : null;
    case 'packetLength': {
      const payload = packet.payloadLength ?? USUAL_PAYLOAD;
      return whole(payload + (packet.family === 4 ? 20 : 40));
    }
    case 'etherType':
      return whole(ETHER_TYPES.get(packet.family === 4 ? 'ip' : 'ip6') ?? 0);
    case 'packetType': {
      const type = packet.packetType ?? 'host';
      return [{ text: type, number: packetTypeValue(type) }];
    }
    case 'link': {
      const name = packet.links?.[expression.direction] ?? '';
      // Equal to no name that a rule can hold, as the link it stands for.
      return [{ text: name, number: linkNumber(name) ?? -1n }];
    }
    case 'sourceRoute':
      return whole(packet.sourceReturns === false ? 0 : 1);
    case 'udpPort':
      return packet.protocol === 17 && packet.ports !== null ? whole(packet.ports.destination) : null;
    case 'concat': {
      const parts = expression.parts.map((part) => evaluate(packet, part));
      return parts.every((part) => part !== null) ? parts.flat() : null;
    }
  }
}

function address(text: Packet['source']): readonly Value[] {
  return [{ text, number: addressValue(text) }];
}

function whole(number: number): readonly Value[] {
  return [{ text: String(number), number: BigInt(number) }];
}
