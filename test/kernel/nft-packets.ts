/** Random packets among the addresses that random rulesets know, and some they do not. */
import fc from 'fast-check';
import type { Address, Family } from '../../src/model/address.ts';
import type { CtState, Packet, TcpFlag, Tuple } from '../../src/nft/packet.ts';
import { ADDRESSES, PORTS } from '../kit/nft-rulesets.ts';

const STRANGER: Readonly<Record<Family, string>> = { 4: '127.9.9.9', 6: '2001:db8:9::9' };

export function packetArbitrary(): fc.Arbitrary<Packet> {
  return fc.constantFrom<Family>(4, 6).chain((family) => {
    const address = fc.constantFrom(...ADDRESSES[family], STRANGER[family]).map((text) => text as Address);
    const port = fc.constantFrom(...PORTS, 1, 300, 40000, 65535);
    const tuple: fc.Arbitrary<Tuple> = fc.record({
      source: address,
      destination: address,
      sourcePort: port,
      destinationPort: port,
    });
    return fc
      .record({
        state: fc.constantFrom<CtState>('new', 'new', 'established', 'related', 'invalid', 'untracked'),
        connection: fc.record({
          direction: fc.constantFrom('original' as const, 'reply' as const),
          original: tuple,
          reply: tuple,
        }),
        source: address,
        destination: address,
        protocol: fc.constantFrom(6, 17, 132, family === 4 ? 1 : 58, 47),
        tcpFlags: fc.subarray<TcpFlag>(['fin', 'syn', 'rst', 'psh', 'ack']),
        icmpType: fc.constantFrom(0, 1, 2, 3, 8, 128, 129),
        ports: fc.record({ source: port, destination: port }),
      })
      .map(({ state, connection, protocol, tcpFlags, icmpType, ports, ...rest }) => ({
        family,
        state,
        connection: state === 'invalid' || state === 'untracked' ? null : connection,
        protocol,
        tcpFlags: protocol === 6 ? tcpFlags : [],
        icmpType: protocol === 1 || protocol === 58 ? icmpType : null,
        ports: protocol === 6 || protocol === 17 || protocol === 132 ? ports : null,
        ...rest,
      }));
  });
}
