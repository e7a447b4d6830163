/**
 * Bridges of this network namespace, from /proc and /sys alone. /proc/net and /proc/sys/net follow the
 * reader's namespace; /sys shows the one it was mounted in, so it is believed only when both name the same
 * links.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { Link, LinkAddress } from '../machine/link.ts';
import type { Switches, SwitchPlace, SwitchState } from '../machine/setting.ts';
import type { Address, Family } from '../model/address.ts';
import { parseAddress } from '../net/address.ts';
import { cidrContains, parseCidr } from '../net/cidr.ts';
import { type Addresses, BridgeLinks } from './bridge-links.ts';
import { list, read } from './proc-files.ts';
import { type RouteEntry, readRoutes } from './routes.ts';

export interface BridgeFiles {
  /** `/proc` and `/sys`; others in tests. */
  readonly proc?: string;
  readonly sys?: string;
  readonly interfaces?: () => NodeJS.Dict<NetworkInterfaceInfo[]>;
}

/** What a look at the machine reads. */
export interface BridgeHost extends Switches {
  /** Bridges, and whatever else may be one. */
  links(): readonly Link[];
  /** The routes of this network namespace; the same object while they are the same. */
  routes(): readonly RouteEntry[];
}

const LINK_LOCAL = (['169.254.0.0/16', 'fe80::/10'] as const).flatMap((text) => parseCidr(text)?.cidr ?? []);

/** Looks at each call and never throws: what cannot be read is absent, and `switchOn` returns why it could not. */
export function createBridgeHost(files: BridgeFiles = {}): BridgeHost {
  const { proc = '/proc', sys = '/sys', interfaces = networkInterfaces } = files;
  const devices = `${sys}/class/net`;
  const fileOf = (place: SwitchPlace, family: Family): string => {
    const word = family === 4 ? 'iptables' : 'ip6tables';
    return place.kind === 'bridge'
      ? `${devices}/${place.name}/bridge/nf_call_${word}`
      : `${proc}/sys/net/bridge/bridge-nf-call-${word}`;
  };
  const addresses = (): Addresses =>
    new Map(Object.entries(interfaces()).map(([name, list]) => [name, addressesOf(list)]));
  const bridges = new BridgeLinks({ proc, devices, addresses });
  // Once seen, /sys does not move to another namespace; a pod that comes between two reads is no doubt.
  let own = false;
  let last: { readonly texts: readonly [string, string]; readonly routes: readonly RouteEntry[] } = {
    texts: ['', ''],
    routes: [],
  };
  return {
    links() {
      own ||= ownNamespace(proc, devices);
      return own ? bridges.look() : unseen(addresses());
    },
    routes() {
      const texts = [read(`${proc}/net/route`) ?? '', read(`${proc}/net/ipv6_route`) ?? ''] as const;
      if (texts[0] !== last.texts[0] || texts[1] !== last.texts[1]) {
        last = { texts, routes: [...readRoutes(4, texts[0]), ...readRoutes(6, texts[1])] };
      }
      return last.routes;
    },
    filterLoaded: () => existsSync(`${proc}/sys/net/bridge`),
    state(place, family): SwitchState {
      const text = read(fileOf(place, family));
      if (text === null) return 'absent';
      return text.trim() === '0' ? 'off' : 'on';
    },
    switchOn(place, family) {
      const file = fileOf(place, family);
      try {
        // Without O_CREAT: a file that is not there is an error, wherever /sys is a plain directory.
        writeFileSync(file, '1', { flag: 'r+' });
        return null;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}

function unseen(addresses: Addresses): readonly Link[] {
  return [...addresses].map(([name, held]) => ({ name, addresses: held, kind: 'unseen', ports: [] }));
}

/** Two directories that change while they are read are read again; a pod may come at any moment. */
const READS = 3;

function ownNamespace(proc: string, devices: string): boolean {
  for (let turn = 0; turn < READS; turn += 1) {
    const seen = list(devices)
      // A file there, no device: the bonding module's list.
      .filter((name) => name !== 'bonding_masters')
      .sort();
    const real = (read(`${proc}/net/dev`) ?? '')
      .split('\n')
      .flatMap((line) => /^\s*(\S+):\s/.exec(line)?.[1] ?? [])
      .sort();
    if (seen.length > 0 && seen.join('/') === real.join('/')) return true;
  }
  return false;
}

function addressesOf(list: readonly NetworkInterfaceInfo[] | undefined): readonly LinkAddress[] {
  return (list ?? []).flatMap(({ address, cidr }): readonly LinkAddress[] => {
    const parsed: Address | null = parseAddress(address);
    const subnet = cidr === null ? null : (parseCidr(cidr)?.cidr ?? null);
    if (parsed === null || subnet === null || LINK_LOCAL.some((local) => cidrContains(local, parsed)))
      return [];
    return [{ address: parsed, subnet }];
  });
}
