/**
 * The bridges of a namespace, looked at once a second on nodes with hundreds of links. Asking the kernel for
 * all addresses takes it 12 ms at 500 links, so it is asked only when something about a bridge has changed.
 */
import { existsSync, readlinkSync } from 'node:fs';
import type { Link, LinkAddress } from '../machine/link.ts';
import { list, read } from './proc-files.ts';

export type Addresses = ReadonlyMap<string, readonly LinkAddress[]>;

export interface BridgeLinksOptions {
  /** `/proc` */
  readonly proc: string;
  /** `/sys/class/net` */
  readonly devices: string;
  /** Of the links that have carrier. */
  addresses(): Addresses;
}

/** Every so many looks nothing is remembered: for a change that leaves no trace in what is compared. */
const FORGET_AFTER = 30;

const TUNNELS: readonly string[] = ['vxlan', 'geneve'];

export class BridgeLinks {
  readonly #options: BridgeLinksOptions;
  #looks = 0;
  /** By name. */
  #isBridge: ReadonlyMap<string, boolean> = new Map();
  #isVirtual: ReadonlyMap<string, boolean> = new Map();
  #state = '';
  /** By name and index: a bridge without carrier is not reported with its addresses, it keeps those it had. */
  #held: ReadonlyMap<string, readonly LinkAddress[]> = new Map();

  constructor(options: BridgeLinksOptions) {
    this.#options = options;
  }

  look(): readonly Link[] {
    const { devices } = this.#options;
    if (this.#looks % FORGET_AFTER === 0) {
      this.#isBridge = new Map();
      this.#state = '';
    }
    this.#looks += 1;
    this.#isBridge = remember(this.#isBridge, list(devices), (name) =>
      existsSync(`${devices}/${name}/bridge`),
    );
    const bridges = [...this.#isBridge].flatMap(([name, is]) => (is ? [name] : [])).sort();
    this.#hold(bridges);
    const ports = new Map(bridges.map((name) => [name, [...list(`${devices}/${name}/brif`)].sort()]));
    this.#isVirtual = remember(this.#isVirtual, [...ports.values()].flat(), (port) => this.#virtual(port));
    return bridges.map((name): Link => {
      const all = ports.get(name) ?? [];
      const virtual = all.filter((port) => this.#isVirtual.get(port) === true);
      return {
        name,
        addresses: this.#held.get(this.#identity(name)) ?? [],
        kind: virtual.length === all.length ? 'closed' : 'open',
        ports: virtual,
      };
    });
  }

  #hold(bridges: readonly string[]): void {
    const state = this.#stateOf(bridges);
    if (state === this.#state) return;
    this.#state = state;
    const addresses = bridges.length > 0 ? this.#options.addresses() : new Map();
    this.#held = new Map(
      bridges.map((name) => {
        const identity = this.#identity(name);
        return [identity, addresses.get(name) ?? this.#held.get(identity) ?? []];
      }),
    );
  }

  /** What changes when the addresses of a bridge do. */
  #stateOf(bridges: readonly string[]): string {
    const { proc, devices } = this.#options;
    if (bridges.length === 0) return '';
    const lines = ['route', 'if_inet6']
      .flatMap((file) => (read(`${proc}/net/${file}`) ?? '').split('\n'))
      .filter((line) => {
        const words = line.trim().split(/\s+/);
        return bridges.includes(words[0] ?? '') || bridges.includes(words.at(-1) ?? '');
      });
    const carriers = bridges.map((name) => read(`${devices}/${name}/carrier`) ?? '');
    return JSON.stringify([bridges.map((name) => this.#identity(name)), carriers, lines]);
  }

  #identity(name: string): string {
    return `${name} ${read(`${this.#options.devices}/${name}/ifindex`) ?? ''}`;
  }

  /** A veth has no type in its uevent and another link behind it; what has a device behind it is hardware. */
  #virtual(port: string): boolean {
    const place = `${this.#options.devices}/${port}`;
    if (hasDevice(place)) return false;
    const type = /^DEVTYPE=(\w+)$/m.exec(read(`${place}/uevent`) ?? '')?.[1];
    if (type !== undefined) return TUNNELS.includes(type);
    const [index, peer] = ['ifindex', 'iflink'].map((file) => read(`${place}/${file}`)?.trim());
    return index !== undefined && peer !== undefined && index !== peer;
  }
}

function hasDevice(place: string): boolean {
  try {
    return readlinkSync(`${place}/device`) !== '';
  } catch {
    return false;
  }
}

/** What was known of those that are still there; the others are asked. */
function remember(
  known: ReadonlyMap<string, boolean>,
  names: readonly string[],
  ask: (name: string) => boolean,
): ReadonlyMap<string, boolean> {
  return new Map(names.map((name) => [name, known.get(name) ?? ask(name)]));
}
