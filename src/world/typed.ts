/** The text of an end, and of a port behind it. */
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';
import { parseAddress } from '../net/address.ts';
import type { PortQuestion } from './target.ts';

/** `[fd00::1]:80`, `shop/web:http/TCP` and an address alone to their two parts; no port: null. */
export function splitPort(text: string): { readonly end: string; readonly port: string | null } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed) return { end: bracketed[1] ?? '', port: bracketed[2] ?? null };
  if (parseAddress(text) !== null) return { end: text, port: null };
  const colon = text.indexOf(':');
  if (colon === -1) return { end: text, port: null };
  if (parseAddress(text.slice(0, text.lastIndexOf(':'))) !== null && text.indexOf(':', colon + 1) !== -1) {
    const hint = 'write it as [ADDRESS]:PORT';
    throw new Failure('USAGE', `${quoted(text)}: an IPv6 address with a port needs brackets`, { hint });
  }
  return { end: text.slice(0, colon), port: text.slice(colon + 1) };
}

const PROTOCOL_WORDS: ReadonlyMap<string, 'TCP' | 'UDP' | 'SCTP'> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
]);

/** `8080`, `http`, `53/udp`. Anything else is a USAGE Failure. */
export function parsePort(text: string): PortQuestion {
  const [port = '', word, ...more] = text.split('/');
  const protocol = word === undefined ? null : PROTOCOL_WORDS.get(word.toLowerCase());
  if (protocol === undefined || more.length > 0) {
    throw new Failure(
      'USAGE',
      `port ${quoted(text)}: got protocol ${quoted(word ?? '')}, want TCP, UDP or SCTP`,
    );
  }
  if (/^\d+$/.test(port)) {
    const number = Number(port);
    if (number >= 1 && number <= 65535) return { port: number, protocol };
    throw new Failure('USAGE', `port ${quoted(port)}: must be between 1 and 65535`);
  }
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/i.test(port) && port.length <= 63) return { port, protocol };
  throw new Failure('USAGE', `port ${quoted(port)}: want a number or the name of a port`, {
    hint: 'write DESTINATION:PORT/PROTOCOL, as in shop/api:8080/TCP',
  });
}
