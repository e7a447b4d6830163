/** The order itself is tested in a kernel (test/kernel/hook-order.test.ts). */
import { describe, expect, it, test } from 'vitest';
import type { Address } from '../model/address.ts';
import { type Stop, stopsOf } from './hook-order.ts';
import { firstPacket, type Packet, replyPacket } from './packet.ts';
import { asSeen } from './packet-view.ts';

const LINKS = { in: 'cni0', out: 'up0' };
const FLOW = {
  source: '10.0.0.1' as Address,
  destination: '10.0.0.2' as Address,
  transport: { kind: 'ports', protocol: 'TCP', port: 8080 },
} as const;

/** Dialled as 10.96.0.1:80, masqueraded to 172.18.0.2:50000. */
function translated(packet: Packet): Packet {
  const { connection } = packet;
  if (connection === null) throw new TypeError('no connection');
  const { original, reply } = connection;
  return {
    ...packet,
    connection: {
      ...connection,
      original: { ...original, destination: '10.96.0.1' as Address, destinationPort: 80 },
      reply: { ...reply, destination: '172.18.0.2' as Address, destinationPort: 50_000 },
    },
  };
}

const PACKET: Packet = { ...translated(firstPacket(FLOW)), hopLimit: 63, links: LINKS };

const WAYS: readonly (readonly [string, Packet])[] = [
  ['routed', PACKET],
  ['routed, from one bridge to another', { ...PACKET, bridgePorts: { in: 'va', out: 'vb' } }],
  ['bridged', { ...PACKET, way: 'bridged', bridgePorts: { in: 'va', out: 'vb' } }],
  ['bridged, by ports nobody knows', { ...PACKET, way: 'bridged' }],
  ['to the node', { ...PACKET, way: 'to-node' }],
  ['to the node, from a bridge', { ...PACKET, way: 'to-node', bridgePorts: { in: 'va', out: null } }],
  ['from the node', { ...PACKET, way: 'from-node' }],
  ['from the node, to a bridge', { ...PACKET, way: 'from-node', bridgePorts: { in: null, out: 'vb' } }],
];

const hookOf = ({ family, hook, view }: Stop): string =>
  `${family} ${hook}${family === 'netdev' ? ` ${view.links.in}` : ''}`;

/** Priorities on both sides of every function of the kernel's own. */
const PRIORITIES = [-1000, -201, -199, -101, -99, -2, 1, 1000];

test.each(WAYS)('a chain meets a packet once, whatever its priority: %s', (_, packet) => {
  const stops = stopsOf(packet);
  for (const hook of new Set(stops.map(hookOf))) {
    for (const priority of PRIORITIES) {
      const met = stops.filter(
        (stop) => hookOf(stop) === hook && stop.after < priority && priority < stop.before,
      );
      expect(met, `${hook} ${priority}`).toHaveLength(1);
    }
  }
});

describe('a packet', () => {
  const at = (packet: Packet, hook: string, priority = 10): Packet => {
    const stop = stopsOf(packet).find(
      (each) => hookOf(each) === hook && each.after < priority && priority < each.before,
    );
    if (stop === undefined) throw new TypeError(`not in ${hook}`);
    return asSeen(packet, stop.view);
  };
  const header = ({ source, destination, ports }: Packet): unknown => ({ source, destination, ports });

  it('is dialled before DNAT, and masqueraded where it leaves', () => {
    const packet = { ...PACKET, bridgePorts: { in: null, out: 'vb' } };
    const dialled = {
      source: '10.0.0.1',
      destination: '10.96.0.1',
      ports: { source: 49152, destination: 80 },
    };
    expect(header(at(packet, 'netdev ingress cni0'))).toEqual(dialled);
    expect(header(at(packet, 'inet prerouting', -150))).toEqual(dialled);
    expect(header(at(packet, 'inet prerouting'))).toEqual(header(packet));
    expect(header(at(packet, 'inet forward'))).toEqual(header(packet));
    expect(header(at(packet, 'bridge postrouting'))).toEqual({
      source: '172.18.0.2',
      destination: '10.0.0.2',
      ports: { source: 50_000, destination: 8080 },
    });
  });

  it('of the answer goes to where the other came from, and leaves as the Service’s', () => {
    const reply: Packet = {
      ...translated(replyPacket(FLOW)),
      bridgePorts: { in: null, out: 'vb' },
      links: LINKS,
    };
    expect(header(at(reply, 'netdev ingress cni0'))).toMatchObject({
      source: '10.0.0.2',
      destination: '172.18.0.2',
      ports: { source: 8080, destination: 50_000 },
    });
    expect(header(at(reply, 'bridge postrouting'))).toMatchObject({
      source: '10.96.0.1',
      destination: '10.0.0.1',
      ports: { source: 80, destination: 49152 },
    });
  });

  it('keeps its header when it is an error about a connection, or belongs to none', () => {
    for (const other of [{ state: 'related' } as const, { state: 'invalid', connection: null } as const]) {
      const packet = { ...PACKET, ...other };
      expect(header(at(packet, 'netdev ingress cni0'))).toEqual(header(packet));
    }
  });

  it('has no connection before conntrack', () => {
    const unknown = { state: 'invalid', connection: null };
    expect(at(PACKET, 'netdev ingress cni0')).toMatchObject(unknown);
    expect(at(PACKET, 'inet prerouting', -300)).toMatchObject(unknown);
    expect(at(PACKET, 'inet prerouting', -150)).toMatchObject({ state: 'new' });
    expect(at({ ...PACKET, way: 'from-node' }, 'inet output', -300)).toMatchObject(unknown);
  });

  it('has one hop more before it is routed, and only then', () => {
    expect(at(PACKET, 'netdev ingress cni0').hopLimit).toBe(64);
    expect(at(PACKET, 'inet forward').hopLimit).toBe(63);
    expect(at({ ...PACKET, way: 'to-node' }, 'netdev ingress cni0').hopLimit).toBe(63);
  });

  it('comes from a port to tables of bridge, and from the bridge to those of inet', () => {
    const packet: Packet = { ...PACKET, way: 'bridged', bridgePorts: { in: 'va', out: 'vb' } };
    expect(at(packet, 'netdev ingress va').links).toEqual({ in: 'va', out: '' });
    expect(at(packet, 'bridge forward').links).toEqual({ in: 'va', out: 'vb' });
    expect(at(packet, 'inet forward').links).toEqual(LINKS);
    expect(at(packet, 'bridge postrouting').links).toEqual({ in: '', out: 'vb' });
  });
});
