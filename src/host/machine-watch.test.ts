import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import type { MachineChange } from '../machine/change.ts';
import type { Link } from '../machine/link.ts';
import type { SwitchState } from '../machine/setting.ts';
import type { Address, Cidr } from '../model/address.ts';
import type { BridgeHost } from './bridges.ts';
import { MachineWatch } from './machine-watch.ts';
import type { RouteEntry } from './routes.ts';

const CNI0: Link = {
  name: 'cni0',
  kind: 'closed',
  ports: ['veth0'],
  addresses: [{ address: '10.244.1.1' as Address, subnet: '10.244.1.0/24' as Cidr }],
};
const STRAY = '192.0.2.9' as Address;

class Host implements BridgeHost {
  list: readonly Link[] = [];
  /** By which the network of the stray is reached. */
  way: string | null = null;
  gateway = false;
  own: SwitchState = 'off';
  broken: Error | null = null;
  looks = 0;

  links(): readonly Link[] {
    this.looks += 1;
    if (this.broken !== null) throw this.broken;
    return this.list;
  }
  routes = (): readonly RouteEntry[] => {
    const to = { family: 4, first: 0xc000_0200n, bits: 24, gateway: this.gateway } as const;
    return this.way === null ? [] : [{ ...to, link: this.way }];
  };
  filterLoaded = (): boolean => true;
  state: BridgeHost['state'] = (place) => (place.kind === 'bridge' ? this.own : 'absent');
  switchOn = (): null => null;
}

let host: Host;
let clock: ManualClock;
let watch: MachineWatch;
let heard: MachineChange[];
let failures: (string | null)[];
let ended: AbortController;

beforeEach(() => {
  host = new Host();
  clock = new ManualClock();
  watch = new MachineWatch({ host, clock });
  heard = [];
  failures = [];
  ended = new AbortController();
});

async function watching(work: () => Promise<void>): Promise<void> {
  const sink = {
    changed: (changes: readonly MachineChange[]): void => {
      heard.push(...changes);
    },
    failing: (message: string | null): void => {
      failures.push(message);
    },
  };
  const running = watch.run(sink, ended.signal);
  await work();
  ended.abort();
  await running;
}

const told = (): readonly string[] =>
  heard.map(({ kind, key, value }) => `${kind} ${key} ${describe(value)}`);
const describe = (value: MachineChange['value']): string =>
  value === null ? 'gone' : typeof value === 'object' ? value.ports.join('+') : String(value);

test('tells what is there at its start, and after that only what differs', async () => {
  host.list = [CNI0];
  await watching(async () => {
    const first = ['link cni0 veth0', 'switch namespace 4 absent', 'switch namespace 6 absent'];
    expect(told()).toEqual([...first, 'switch bridge cni0 4 off', 'switch bridge cni0 6 off']);
    heard.length = 0;
    await clock.advance(3_000);
    expect(told()).toEqual([]);
    host.list = [{ ...CNI0, ports: ['veth0', 'veth1'] }];
    host.own = 'on';
    await clock.advance(1_000);
    expect(told()).toEqual(['link cni0 veth0+veth1', 'switch bridge cni0 4 on', 'switch bridge cni0 6 on']);
    heard.length = 0;
    host.list = [];
    await clock.advance(1_000);
    expect(told()).toContain('link cni0 gone');
  });
});

test('follows the ways to the addresses it is asked for, at once, and no longer to others', async () => {
  host.way = 'br1';
  await watching(async () => {
    watch.follow([STRAY]);
    expect(told()).toEqual([`route ${STRAY} br1`]);
    host.way = null;
    await clock.advance(1_000);
    expect(told().at(-1)).toBe(`route ${STRAY} gone`);
    heard.length = 0;
    watch.follow([]);
    await clock.advance(1_000);
    expect(told()).toEqual([`route ${STRAY} gone`]);
  });
});

test('says once that it cannot look, keeps what it knew, and says when it can again', async () => {
  host.list = [CNI0];
  await watching(async () => {
    heard.length = 0;
    host.broken = new Error('no /proc');
    await clock.advance(3_000);
    expect([failures, heard]).toEqual([['no /proc'], []]);
    host.broken = null;
    await clock.advance(1_000);
    expect([failures, heard]).toEqual([['no /proc', null], []]);
  });
});

test('nobody is told anything before it runs', () => {
  watch.follow([STRAY]);
  expect(host.looks).toBe(0);
});

test('tells of links that lead away, and of addresses with a route of their own, asked for or not', async () => {
  host.way = 'eth0';
  host.gateway = true;
  const own = { family: 4, first: 0x0a01_0005n, bits: 32, gateway: false, link: 'veth5' } as const;
  const others = host.routes;
  host.routes = () => [...others(), own];
  await watching(async () => {
    expect(told()).toEqual(['route 10.1.0.5 veth5', 'uplink eth0 true']);
    heard.length = 0;
    host.routes = () => [];
    await clock.advance(1_000);
    expect(told()).toEqual(['route 10.1.0.5 gone', 'uplink eth0 gone']);
  });
});
