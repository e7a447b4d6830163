/**
 * nft 1.0.6 lists no device of a netdev chain in JSON, but in text: the listing with the devices that the text
 * has, as later versions list them. A chain of which the text says nothing stays without.
 */
import { isObject } from '../model/raw-object.ts';

const CHAIN =
  /^\tchain (\S+) \{\n(?:\t\tcomment .*\n)?\t\ttype \S+ hook \S+ (?:device "([^"\n]+)"|devices = \{([^}\n]+)\}) /gm;

/** `json` and `text`: what nft printed of one netdev table. */
export function withDevices(json: unknown, text: string): unknown {
  if (!isObject(json) || !Array.isArray(json.nftables)) return json;
  const devices = devicesIn(text);
  const entries: readonly unknown[] = json.nftables;
  return { ...json, nftables: entries.map((entry) => withDevice(entry, devices)) };
}

function withDevice(entry: unknown, devices: ReadonlyMap<string, string | readonly string[]>): unknown {
  if (!isObject(entry) || !isObject(entry.chain) || 'dev' in entry.chain) return entry;
  const dev = devices.get(String(entry.chain.name));
  return dev === undefined ? entry : { ...entry, chain: { ...entry.chain, dev } };
}

function devicesIn(text: string): ReadonlyMap<string, string | readonly string[]> {
  return new Map(
    [...text.matchAll(CHAIN)].map(([, chain = '', one, several = '']) => [
      chain,
      one ?? several.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1')),
    ]),
  );
}
