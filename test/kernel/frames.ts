/** Ethernet frames byte by byte, for what no socket sends. */
import { addressValue, parseAddress } from '../../src/net/address.ts';

export const BROADCAST = 'ff:ff:ff:ff:ff:ff';
export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd, vlan: 0x8100, qinq: 0x88a8 } as const;

export function ethernet(to: string, from: string, type: number, payload: Buffer): Buffer {
  return Buffer.concat([mac(to), mac(from), word(type), payload]);
}

export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

export function addressBytes(text: string): Buffer {
  const address = parseAddress(text);
  if (address === null) throw new TypeError(text);
  const digits = text.includes(':') ? 32 : 8;
  return Buffer.from(addressValue(address).toString(16).padStart(digits, '0'), 'hex');
}

export function udp(from: string, to: string, data: string): Buffer {
  const body = Buffer.concat([word(4000), word(9999), word(8 + data.length), word(0), Buffer.from(data)]);
  return from.includes(':') ? ipv6(from, to, 17, body, 64, 6) : ipv4(from, to, 17, body, 6);
}

/** An ICMPv6 message of a type, code 0, with the rest of it as given. */
export function icmpv6(
  from: string,
  to: string,
  type: number,
  rest: Buffer,
  options: { readonly hopLimit?: number; readonly routerAlert?: boolean } = {},
): Buffer {
  const body = Buffer.concat([Buffer.from([type, 0]), word(0), rest]);
  return ipv6(from, to, 58, body, options.hopLimit ?? 255, 2, options.routerAlert);
}

export function icmpv4(from: string, to: string, type: number, code: number, rest: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from([type, code]), word(0), rest]);
  body.writeUInt16BE(checksum(body), 2);
  return ipv4(from, to, 1, body, null);
}

/** Who has `target`? Not filtered anywhere: what was sent before it has arrived before it. */
export function arpRequest(fromMac: string, from: string, target: string): Buffer {
  return Buffer.concat([
    Buffer.from('0001080006040001', 'hex'),
    mac(fromMac),
    addressBytes(from),
    mac('00:00:00:00:00:00'),
    addressBytes(target),
  ]);
}

/** An option of neighbour discovery, filled up to a multiple of 8 bytes. */
export function neighbourOption(type: number, content: Buffer): Buffer {
  const units = Math.ceil((content.length + 2) / 8);
  return Buffer.concat([Buffer.from([type, units]), content], units * 8);
}

/** Replaces the checksum at `offset` of the body; null: it has its own, or none. */
function ipv4(from: string, to: string, protocol: number, body: Buffer, offset: number | null): Buffer {
  const ends = Buffer.concat([addressBytes(from), addressBytes(to)]);
  const header = Buffer.concat([
    Buffer.from([0x45, 0]),
    word(20 + body.length),
    Buffer.from([0, 1, 0, 0, 64, protocol]),
    word(0),
    ends,
  ]);
  header.writeUInt16BE(checksum(header), 10);
  if (offset === null) return Buffer.concat([header, body]);
  const pseudo = Buffer.concat([ends, Buffer.from([0, protocol]), word(body.length)]);
  return Buffer.concat([header, withChecksum(body, offset, pseudo)]);
}

function ipv6(
  from: string,
  to: string,
  protocol: number,
  body: Buffer,
  hopLimit: number,
  offset: number,
  routerAlert = false,
): Buffer {
  const ends = Buffer.concat([addressBytes(from), addressBytes(to)]);
  const extension = routerAlert ? Buffer.from([protocol, 0, 5, 2, 0, 0, 1, 0]) : Buffer.alloc(0);
  const header = Buffer.concat([
    Buffer.from([0x60, 0, 0, 0]),
    word(extension.length + body.length),
    Buffer.from([routerAlert ? 0 : protocol, hopLimit]),
    ends,
  ]);
  const pseudo = Buffer.concat([ends, word(0), word(body.length), Buffer.from([0, 0, 0, protocol])]);
  return Buffer.concat([header, extension, withChecksum(body, offset, pseudo)]);
}

function withChecksum(body: Buffer, offset: number, pseudo: Buffer): Buffer {
  const done = Buffer.from(body);
  done.writeUInt16BE(checksum(Buffer.concat([pseudo, body])) || 0xffff, offset);
  return done;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function word(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
