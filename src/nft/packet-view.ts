/** How a packet differs, in one hook on its way, from what it is in the forward hook. */
import { type Packet, ROUTED_HOP_LIMIT } from './packet.ts';

export interface View {
  /** As it came to the node, as the node judges it, as it leaves: what NAT changes. */
  readonly header: 'sent' | 'judged' | 'left';
  /** False: conntrack has not seen it yet. */
  readonly tracked: boolean;
  /** What this node, when it routes, has still to take off the hop limit. */
  readonly hops: 0 | 1;
  /** As chains of this family name them; empty: none in this hook, or nobody knows. */
  readonly links: NonNullable<Packet['links']>;
}

/** The packet as chains of that view see it. */
export function asSeen(packet: Packet, { header, tracked, hops, links }: View): Packet {
  return {
    ...packet,
    ...translated(packet, header),
    ...(tracked ? {} : { state: 'invalid', connection: null }),
    ...(hops === 0 ? {} : { hopLimit: (packet.hopLimit ?? ROUTED_HOP_LIMIT) + hops }),
    links,
  };
}

/** For a connection's own packets; an ICMP error about one keeps the header it has. */
function translated(
  packet: Packet,
  header: View['header'],
): Pick<Packet, 'source' | 'destination' | 'ports'> {
  const { connection, source, destination, ports } = packet;
  if (header === 'judged' || connection === null || packet.state === 'related') return packet;
  const { original, reply } = connection;
  const [there, back] = connection.direction === 'original' ? [original, reply] : [reply, original];
  return header === 'sent'
    ? {
        source,
        destination: there.destination,
        ports: ports && { ...ports, destination: there.destinationPort },
      }
    : { source: back.destination, destination, ports: ports && { ...ports, source: back.destinationPort } };
}
