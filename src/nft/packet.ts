/**
 * One packet with the connection that conntrack has for it, and the way it takes through a node. Its header is
 * told as the forward hook sees it: after Service DNAT, before any masquerade (elsewhere: hook-order.ts).
 */
import type { Address, Family } from '../model/address.ts';
import { familyOf } from '../model/address.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Flow } from '../model/verdict.ts';

export type CtState = 'invalid' | 'untracked' | 'new' | 'established' | 'related';

export type TcpFlag = 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ecn' | 'cwr';

/** Ports of protocols without them are 0. */
export interface Tuple {
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface Connection {
  /** Which way this packet goes. */
  readonly direction: 'original' | 'reply';
  /** As the client sent it. */
  readonly original: Tuple;
  /** As the server answers: its source is the real backend. */
  readonly reply: Tuple;
}

/**
 * routed: from one link to another. bridged: between two ports of a bridge, whose frames br_netfilter hands to
 * the hooks of inet (without it they would pass none). to-node, from-node: the node itself is the other end.
 */
export type Way = 'routed' | 'bridged' | 'to-node' | 'from-node';

export interface Packet {
  readonly family: Family;
  readonly state: CtState;
  /** null exactly when the state is `invalid` or `untracked`. */
  readonly connection: Connection | null;
  /** Header addresses. */
  readonly source: Address;
  readonly destination: Address;
  /** IP protocol number. */
  readonly protocol: number;
  /** Of the header; null for protocols without ports. */
  readonly ports: { readonly source: number; readonly destination: number } | null;
  /** Empty unless TCP. */
  readonly tcpFlags: readonly TcpFlag[];
  /** null unless ICMP of the packet's family. */
  readonly icmpType: number | null;
  /** As the hook sees it, one less than it arrived when this node routes; ROUTED_HOP_LIMIT unless given. */
  readonly hopLimit?: number;
  /** Bytes after the header; USUAL_PAYLOAD unless given. */
  readonly payloadLength?: number;
  /** How its frame was addressed; `host` unless given. */
  readonly packetType?: 'host' | 'broadcast' | 'multicast';
  /** `routed` unless given. */
  readonly way?: Way;
  /** As inet knows them. Unless given, links that no rule names: what is routed between pods and uplink. */
  readonly links?: { readonly in: string; readonly out: string };
  /** Its source is routed by the link it came in by; so it is unless given. */
  readonly sourceReturns?: boolean;
  /** The ports behind links that are bridges, null where a link is none; unless given, none is. */
  readonly bridgePorts?: { readonly in: string | null; readonly out: string | null };
}

export const ROUTED_HOP_LIMIT = 63;
export const USUAL_PAYLOAD = 40;

export const PROTOCOL_NUMBERS: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

const ECHO_REQUEST: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
const ECHO_REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };

/** Policies never look at it; any ephemeral port would do. */
const CLIENT_PORT = 49152;

/** The packet that opens the flow: a SYN, a first datagram, an echo request. */
export function firstPacket(flow: Flow): Packet {
  const family = familyOf(flow.source);
  const connection: Connection = { direction: 'original', ...tuples(flow) };
  const protocol = protocolOf(flow);
  return {
    family,
    state: 'new',
    connection,
    source: flow.source,
    destination: flow.destination,
    protocol,
    ports: portsOf(flow, connection.original),
    tcpFlags: protocol === PROTOCOL_NUMBERS.TCP ? ['syn'] : [],
    icmpType: isIcmp(family, protocol) ? ECHO_REQUEST[family] : null,
  };
}

/** The server's first answer. */
export function replyPacket(flow: Flow): Packet {
  const first = firstPacket(flow);
  const { original, reply } = tuples(flow);
  return {
    ...first,
    state: 'established',
    connection: { direction: 'reply', original, reply },
    source: flow.destination,
    destination: flow.source,
    ports: portsOf(flow, reply),
    tcpFlags: first.tcpFlags.length > 0 ? ['syn', 'ack'] : [],
    icmpType: first.icmpType === null ? null : ECHO_REPLY[first.family],
  };
}

function protocolOf({ transport }: Flow): number {
  return transport.kind === 'ports' ? PROTOCOL_NUMBERS[transport.protocol] : transport.ipProtocol;
}

function tuples({ source, destination, transport }: Flow): {
  readonly original: Tuple;
  readonly reply: Tuple;
} {
  const [sourcePort, destinationPort] = transport.kind === 'ports' ? [CLIENT_PORT, transport.port] : [0, 0];
  return {
    original: { source, destination, sourcePort, destinationPort },
    reply: {
      source: destination,
      destination: source,
      sourcePort: destinationPort,
      destinationPort: sourcePort,
    },
  };
}

function portsOf({ transport }: Flow, tuple: Tuple): Packet['ports'] {
  return transport.kind === 'ports' ? { source: tuple.sourcePort, destination: tuple.destinationPort } : null;
}

function isIcmp(family: Family, protocol: number): boolean {
  return protocol === (family === 4 ? 1 : 58);
}
