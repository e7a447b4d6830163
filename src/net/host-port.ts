/** `10.0.0.1:80`, `[fd00::1]:80`, `shop/web:80`: only an IPv6 address needs brackets before a port. */
import { parseAddress } from './address.ts';

/** `host` is an address, or any other name, which stays as it is. */
export function hostPort(host: string, port: string | number): string {
  return host.includes(':') && parseAddress(host) !== null ? `[${host}]:${port}` : `${host}:${port}`;
}
