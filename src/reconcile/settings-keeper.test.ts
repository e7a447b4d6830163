import { beforeEach, expect, test } from 'vitest';
import type { Setting, Switches, SwitchPlace } from '../machine/setting.ts';
import type { Family } from '../model/address.ts';
import type { LoopEvent } from './events.ts';
import { SettingsKeeper } from './settings-keeper.ts';

const CNI0: readonly Setting[] = ([4, 6] as const).map((family) => ({
  bridge: 'cni0',
  certain: true,
  family,
}));

/** Two tables of switches, which may be read-only or missing. */
class Host implements Switches {
  loaded = true;
  readonly refusing = new Set<string>();
  readonly on = new Map<string, boolean>();

  filterLoaded = (): boolean => this.loaded;
  state: Switches['state'] = (place, family) => {
    const value = this.on.get(nameOf(place, family));
    return value === undefined ? 'absent' : value ? 'on' : 'off';
  };
  switchOn: Switches['switchOn'] = (place, family) => {
    const name = nameOf(place, family);
    if (this.refusing.has(name)) return `EROFS ${name}`;
    if (!this.on.has(name)) return `ENOENT ${name}`;
    this.on.set(name, true);
    return null;
  };
  off(...names: readonly string[]): void {
    for (const name of names) this.on.set(name, false);
  }
}

function nameOf(place: SwitchPlace, family: Family): string {
  return place.kind === 'bridge' ? `${place.name}/${family}` : `all/${family}`;
}

let host: Host;
let told: LoopEvent[];
let keeper: SettingsKeeper;

beforeEach(() => {
  host = new Host();
  host.off('cni0/4', 'cni0/6', 'all/4', 'all/6');
  told = [];
  keeper = new SettingsKeeper({ switches: host, tell: (event) => told.push(event) });
});

test('without a setting nothing is needed, with br_netfilter or without', () => {
  host.loaded = false;
  keeper.bring([]);
  expect(keeper).toMatchObject({ status: [], degraded: [], repairs: 0 });
  expect([...host.on.values()]).toEqual([false, false, false, false]);
});

test("a bridge's own switches are set, and no others", () => {
  keeper.bring(CNI0);
  expect([...host.on]).toEqual([
    ['cni0/4', true],
    ['cni0/6', true],
    ['all/4', false],
    ['all/6', false],
  ]);
  expect(keeper.status).toEqual([{ name: 'cni0', filtered: { ipv4: true, ipv6: true } }]);
  expect(keeper.repairs).toBe(0);
});

test('the switches of the namespace are enough, and nothing is written', () => {
  host.on.set('all/4', true);
  host.on.set('all/6', true);
  keeper.bring(CNI0);
  expect(keeper.degraded).toEqual([]);
  expect([host.on.get('cni0/4'), told]).toEqual([false, []]);
});

test('the namespace is set where the bridge cannot be', () => {
  host.refusing.add('cni0/4');
  keeper.bring(CNI0);
  expect([host.on.get('all/4'), host.on.get('all/6')]).toEqual([true, false]);
  expect(keeper.degraded).toEqual([]);
});

test('where neither can be it is said of which family, why, and what to run', () => {
  for (const name of ['cni0/6', 'all/6']) host.refusing.add(name);
  keeper.bring(CNI0);
  expect(keeper.status).toEqual([{ name: 'cni0', filtered: { ipv4: true, ipv6: false } }]);
  expect(keeper.degraded.map(({ message }) => message)).toEqual([
    'IPv6 policies do not hold between the pods on bridge cni0: cannot switch on its filtering (EROFS cni0/6; EROFS all/6); run: ip link set cni0 type bridge nf_call_ip6tables 1',
  ]);
  host.on.set('all/6', true);
  keeper.bring(CNI0);
  expect(keeper.degraded).toEqual([]);
});

test('without the module it is said once, with the command', () => {
  host.loaded = false;
  keeper.bring(CNI0);
  expect(keeper.degraded.map(({ message }) => message)).toEqual([
    'policies do not hold between the pods on bridge cni0: the kernel module br_netfilter is not loaded; run: modprobe br_netfilter',
  ]);
  host.loaded = true;
  keeper.bring(CNI0);
  expect(keeper.degraded).toEqual([]);
});

test('what somebody switches off is repaired, counted and told; what was never on is not a repair', () => {
  keeper.bring(CNI0);
  const place: SwitchPlace = { kind: 'bridge', name: 'cni0' };
  const on = { kind: 'switched-on', bridge: 'cni0', place } as const;
  expect(told).toEqual([
    { ...on, family: 4, repaired: false, repairs: 0 },
    { ...on, family: 6, repaired: false, repairs: 0 },
  ]);
  host.off('cni0/6');
  keeper.bring(CNI0);
  keeper.bring(CNI0);
  expect(keeper.repairs).toBe(1);
  expect(told.slice(2)).toEqual([{ ...on, family: 6, repaired: true, repairs: 1 }]);
});

test('a bridge that cannot be seen is set by the namespace alone, and its command is the namespace’s', () => {
  const unseen = CNI0.map((setting) => ({ ...setting, certain: false }));
  keeper.bring(unseen);
  expect([host.on.get('cni0/4'), host.on.get('all/4')]).toEqual([false, true]);
  host.off('all/4');
  host.refusing.add('all/4');
  keeper.bring(unseen);
  expect(keeper.degraded[0]?.message).toMatch(
    /cni0, which may be a bridge.*run: sysctl -w net\.bridge\.bridge-nf-call-iptables=1$/,
  );
});
