/** Frames by which data could get from one pod of a bridge to another past a rule about their addresses. */
import type { BridgePod } from './bridge-net.ts';
import {
  addressBytes,
  arpRequest,
  BROADCAST,
  ETHERTYPE,
  ethernet,
  icmpv4,
  icmpv6,
  neighbourOption,
  udp,
} from './frames.ts';

const ALL_NODES = '33:33:00:00:00:01';
const { ipv4, ipv6 } = ETHERTYPE;

/** The end of each is unlike that of any other. */
export function attacks(from: BridgePod, to: BridgePod, round: string): ReadonlyMap<string, Buffer> {
  const frames = new Map<string, Buffer>();
  const add = (name: string, to: string, type: number, packet: (data: string) => Buffer): void => {
    frames.set(name, ethernet(to, from.mac, type, packet(`<${round} ${name}>`.padStart(32, '.'))));
  };
  const datagram =
    (source: string, destination: string) =>
    (data: string): Buffer =>
      udp(source, destination, data);
  add('IPv4', to.mac, ipv4, datagram(from.ipv4, to.ipv4));
  add('IPv6', to.mac, ipv6, datagram(from.ipv6, to.ipv6));
  add('IPv4 in a broadcast frame', BROADCAST, ipv4, datagram(from.ipv4, to.ipv4));
  add('IPv6 in a multicast frame', ALL_NODES, ipv6, datagram(from.ipv6, to.ipv6));
  add('broadcast of the subnet', BROADCAST, ipv4, datagram(from.ipv4, '10.244.1.255'));
  add('broadcast of the subnet to one port', to.mac, ipv4, datagram(from.ipv4, '10.244.1.255'));
  add('broadcast of before 1984', to.mac, ipv4, datagram(from.ipv4, '10.244.1.0'));
  add('broadcast', BROADCAST, ipv4, datagram(from.ipv4, '255.255.255.255'));
  add('broadcast from nobody', BROADCAST, ipv4, datagram('0.0.0.0', '255.255.255.255'));
  add('broadcast to one port', to.mac, ipv4, datagram(from.ipv4, '255.255.255.255'));
  add('IPv4 multicast', '01:00:5e:00:00:01', ipv4, datagram(from.ipv4, '224.0.0.1'));
  add('IPv4 multicast to one port', to.mac, ipv4, datagram(from.ipv4, '239.1.2.3'));
  add('IPv6 multicast', ALL_NODES, ipv6, datagram(from.ipv6, 'ff02::1'));
  add('IPv6 multicast to one port', to.mac, ipv6, datagram(from.ipv6, 'ff05::3'));
  add('link-local', to.mac, ipv6, datagram(from.linkLocal, to.linkLocal));
  add('link-local to global', to.mac, ipv6, datagram(from.linkLocal, to.ipv6));
  add('global to link-local', to.mac, ipv6, datagram(from.ipv6, to.linkLocal));
  add('IPv4 link-local', to.mac, ipv4, datagram('169.254.7.7', '169.254.8.8'));
  add('another address of the receiver', to.mac, ipv4, datagram(from.ipv4, '192.0.2.77'));
  add('another IPv6 address of the receiver', to.mac, ipv6, datagram(from.ipv6, '2001:db8:77::1'));
  add('another address of the sender', to.mac, ipv4, datagram('192.0.2.99', to.ipv4));
  add('unspecified IPv6 source', to.mac, ipv6, datagram('::', to.ipv6));
  return frames;
}

/** Neighbour discovery and its relatives, with more than they need, or in a wrong place. */
export function neighbourAttacks(from: BridgePod, to: BridgePod, round: string): ReadonlyMap<string, Buffer> {
  const secret = (name: string): Buffer => Buffer.from(`<${round} ${name}>`.padStart(200, '.'));
  const frames = new Map<string, Buffer>();
  const add = (name: string, to: string, packet: Buffer): void => {
    frames.set(name, ethernet(to, from.mac, ipv6, packet));
  };
  const solicitation = (name: string): Buffer =>
    Buffer.concat([Buffer.alloc(4), addressBytes(to.ipv6), neighbourOption(1, secret(name))]);
  for (const [name, type] of [
    ['solicitation with data', 135],
    ['advertisement with data', 136],
  ] as const) {
    add(name, to.mac, icmpv6(from.ipv6, to.ipv6, type, solicitation(name)));
  }
  add(
    'solicitation that was routed',
    to.mac,
    icmpv6(from.ipv6, to.ipv6, 135, sized(to, `${round} routed`), { hopLimit: 254 }),
  );
  add(
    'router solicitation with data',
    to.mac,
    icmpv6(from.linkLocal, 'ff02::2', 133, Buffer.concat([Buffer.alloc(4), secret('rs')])),
  );
  add(
    'multicast query',
    ALL_NODES,
    icmpv6(from.linkLocal, 'ff02::1', 130, secret('query'), { hopLimit: 1, routerAlert: true }),
  );
  add(
    'multicast report with data',
    '33:33:00:00:00:16',
    icmpv6(from.linkLocal, 'ff02::16', 143, groups(10, `${round} groups`), {
      hopLimit: 1,
      routerAlert: true,
    }),
  );
  add(
    'multicast report of the first kind',
    ALL_NODES,
    icmpv6(from.linkLocal, 'ff02::1', 131, secret('report 1'), { hopLimit: 1, routerAlert: true }),
  );
  return frames;
}

/** What only a router may say. */
export function routerLies(from: BridgePod, to: BridgePod, round: string): ReadonlyMap<string, Buffer> {
  const secret = (name: string): Buffer => Buffer.from(`<${round} ${name}>`.padStart(200, '.'));
  const frames = new Map<string, Buffer>();
  const add = (name: string, to: string, packet: Buffer): void => {
    frames.set(name, ethernet(to, from.mac, ipv6, packet));
  };
  add(
    'router advertisement',
    ALL_NODES,
    icmpv6(from.linkLocal, 'ff02::1', 134, Buffer.concat([Buffer.alloc(12), secret('ra')])),
  );
  add(
    'redirect',
    to.mac,
    icmpv6(from.linkLocal, to.ipv6, 137, Buffer.concat([Buffer.alloc(4), secret('redirect')])),
  );
  frames.set(
    'IPv4 redirect',
    ethernet(to.mac, from.mac, ETHERTYPE.ipv4, icmpv4(from.ipv4, to.ipv4, 5, 1, secret('redirect 4'))),
  );
  return frames;
}

/** What kernels send themselves: it has to arrive whatever the policies are. */
export function neighbourTraffic(from: BridgePod, to: BridgePod, round: string): ReadonlyMap<string, Buffer> {
  const end = addressBytes(to.ipv6).subarray(13).toString('hex');
  const group = `ff02::1:ff${end.slice(0, 2)}:${end.slice(2)}`;
  const groupMac = `33:33:ff:${end.slice(0, 2)}:${end.slice(2, 4)}:${end.slice(4)}`;
  const nonce = (name: string): Buffer => Buffer.from(`${round}${name}`.padEnd(6, '.'));
  const frame = (to: string, packet: Buffer): Buffer => ethernet(to, from.mac, ipv6, packet);
  const report = groups(4, `${round} r`);
  return new Map([
    ['solicitation', frame(groupMac, icmpv6(from.ipv6, group, 135, sized(to, `${round}s`)))],
    ['solicitation to one port', frame(to.mac, icmpv6(from.linkLocal, to.ipv6, 135, sized(to, `${round}u`)))],
    [
      'duplicate address detection',
      frame(
        groupMac,
        icmpv6(
          '::',
          group,
          135,
          Buffer.concat([Buffer.alloc(4), addressBytes(to.ipv6), neighbourOption(14, nonce('d'))]),
        ),
      ),
    ],
    ['advertisement', frame(to.mac, icmpv6(from.ipv6, to.ipv6, 136, sized(to, `${round}a`)))],
    [
      'multicast report',
      frame(
        '33:33:00:00:00:16',
        icmpv6(from.linkLocal, 'ff02::16', 143, report, { hopLimit: 1, routerAlert: true }),
      ),
    ],
  ]);
}

/** A report of so many groups that say something else. */
function groups(count: number, text: string): Buffer {
  const record = Buffer.concat([Buffer.from('04000000ff05', 'hex'), Buffer.from(text)], 20);
  return Buffer.concat([Buffer.from([0, 0, 0, count]), ...new Array<Buffer>(count).fill(record)]);
}

/** A target and one option of the usual size: a nonce, which teaches the receiver nothing. */
function sized(to: BridgePod, mark: string): Buffer {
  return Buffer.concat([
    Buffer.alloc(4),
    addressBytes(to.ipv6),
    neighbourOption(14, Buffer.from(mark).subarray(0, 6)),
  ]);
}

/** What is no IP to the bridge, and is to the receiver, or carries data all the same. */
export function disguises(from: BridgePod, to: BridgePod, round: string): ReadonlyMap<string, Buffer> {
  const { vlan, qinq } = ETHERTYPE;
  const data = (name: string): string => `<${round} ${name}>`.padStart(32, '.');
  const tag = (type: number, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from([0, 0, type >> 8, type & 255]), payload]);
  const four = (name: string): Buffer => udp(from.ipv4, to.ipv4, data(name));
  const six = (name: string): Buffer => udp(from.ipv6, to.ipv6, data(name));
  const frame = (type: number, payload: Buffer): Buffer => ethernet(to.mac, from.mac, type, payload);
  return new Map([
    ['tagged IPv4', frame(vlan, tag(ipv4, four('tagged 4')))],
    ['tagged IPv6', frame(vlan, tag(ipv6, six('tagged 6')))],
    ['twice tagged IPv4', frame(vlan, tag(vlan, tag(ipv4, four('twice 4'))))],
    ['twice tagged IPv6', frame(qinq, tag(vlan, tag(ipv6, six('twice 6'))))],
    ['provider-tagged IPv4', frame(qinq, tag(ipv4, four('provider 4')))],
    [
      'ARP with data',
      frame(
        ETHERTYPE.arp,
        Buffer.concat([arpRequest(from.mac, from.ipv4, to.ipv4), Buffer.from(data('arp').padStart(80, '.'))]),
      ),
    ],
    ['another protocol', frame(0x88b5, Buffer.from(data('88b5')))],
    [
      '802.3 frame',
      frame(
        56,
        Buffer.concat([Buffer.from('aaaa03000000', 'hex'), Buffer.from(data('802.3').padStart(50, '.'))]),
      ),
    ],
  ]);
}
