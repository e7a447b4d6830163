import { describe, expect, it } from 'vitest';
import type { Address } from '../model/address.ts';
import type { Transport } from '../model/protocol.ts';
import { firstPacket, replyPacket } from './packet.ts';

const flow = (transport: Transport, six = false): Parameters<typeof firstPacket>[0] => ({
  source: (six ? '2001:db8::1' : '10.0.0.1') as Address,
  destination: (six ? '2001:db8::2' : '10.0.0.2') as Address,
  transport,
});

describe('packets of a flow', () => {
  it('open TCP with a SYN whose reply tuple names the backend and its port', () => {
    const packet = firstPacket(flow({ kind: 'ports', protocol: 'TCP', port: 80 }));
    expect(packet).toMatchObject({ family: 4, state: 'new', protocol: 6, tcpFlags: ['syn'], icmpType: null });
    expect(packet.connection?.reply).toMatchObject({ source: '10.0.0.2', sourcePort: 80 });
    expect(packet.connection?.original).toMatchObject({ source: '10.0.0.1', destinationPort: 80 });
    expect(packet.ports?.destination).toBe(80);
  });

  it('answer with the header turned round and the tuples unchanged', () => {
    const question = flow({ kind: 'ports', protocol: 'TCP', port: 80 });
    const answer = replyPacket(question);
    expect(answer).toMatchObject({ source: '10.0.0.2', destination: '10.0.0.1', state: 'established' });
    expect(answer.tcpFlags).toEqual(['syn', 'ack']);
    expect(answer.connection).toEqual({ ...firstPacket(question).connection, direction: 'reply' });
    expect(answer.ports?.source).toBe(80);
  });

  it('are echo request and reply for ICMP of the own family, and bare for anything else', () => {
    expect(firstPacket(flow({ kind: 'other', ipProtocol: 1 })).icmpType).toBe(8);
    expect(replyPacket(flow({ kind: 'other', ipProtocol: 1 })).icmpType).toBe(0);
    expect(firstPacket(flow({ kind: 'other', ipProtocol: 58 }, true)).icmpType).toBe(128);
    expect(replyPacket(flow({ kind: 'other', ipProtocol: 58 }, true)).icmpType).toBe(129);
    expect(firstPacket(flow({ kind: 'other', ipProtocol: 1 }, true)).icmpType).toBeNull();
    expect(firstPacket(flow({ kind: 'other', ipProtocol: 47 }))).toMatchObject({ ports: null, tcpFlags: [] });
  });
});
