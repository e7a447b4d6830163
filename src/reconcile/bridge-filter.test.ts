import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import type { BridgeHost, Link } from '../machine/bridge-host.ts';
import type { Address, Cidr } from '../model/address.ts';
import { BridgeFilter } from './bridge-filter.ts';

const CNI0: Link = {
  name: 'cni0',
  kind: 'closed',
  ports: ['veth1', 'veth0'],
  addresses: [{ address: '10.244.1.1' as Address, subnet: '10.244.1.0/24' as Cidr }],
};

/** A host made of two tables of switches, which may be read-only or missing. */
class Host implements BridgeHost {
  list: readonly Link[] = [];
  loaded = true;
  broken: Error | null = null;
  readonly refusing = new Set<string>();
  readonly on = new Map<string, boolean>();

  links(): readonly Link[] {
    if (this.broken) throw this.broken;
    return this.list;
  }
  linkTo = (): null => null;
  filterLoaded = (): boolean => this.loaded;
  setting: BridgeHost['setting'] = (place, family) => {
    const value = this.on.get(nameOf(place, family));
    return value === undefined ? 'absent' : value ? 'on' : 'off';
  };
  switchOn: BridgeHost['switchOn'] = (place, family) => {
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

const nameOf = (place: Parameters<BridgeHost['setting']>[0], family: number): string =>
  place.kind === 'bridge' ? `${place.name}/${family}` : `all/${family}`;

let host: Host;
let said: string[];
let filter: BridgeFilter;

beforeEach(() => {
  host = new Host();
  host.off('cni0/4', 'cni0/6', 'all/4', 'all/6');
  said = [];
  const say =
    (level: string) =>
    (message: string): void => {
      said.push(`${level} ${message}`);
    };
  filter = new BridgeFilter({
    host,
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    places: () => ({ ranges: ['10.244.1.0/24' as Cidr], strays: [] }),
  });
});

describe('without a bridge', () => {
  test('nothing is needed, with br_netfilter or without', () => {
    host.loaded = false;
    filter.check();
    expect(filter).toMatchObject({ bridges: [], ports: [], status: [], degraded: [], repairs: 0 });
    expect([...host.on.values()]).toEqual([false, false, false, false]);
  });

  test('one that cannot even be looked for is reported', () => {
    host.broken = new Error('no /proc');
    filter.check();
    expect(filter.degraded).toEqual([
      { code: 'BRIDGE_UNFILTERED', message: 'cannot look for bridges with pods: no /proc' },
    ]);
    host.broken = null;
    filter.check();
    expect(filter.degraded).toEqual([]);
  });
});

describe('with a bridge', () => {
  beforeEach(() => {
    host.list = [CNI0];
  });

  test('its own switches are set, and no others; links and bridges keep their identity', () => {
    filter.check();
    expect([...host.on]).toEqual([
      ['cni0/4', true],
      ['cni0/6', true],
      ['all/4', false],
      ['all/6', false],
    ]);
    expect(filter.status).toEqual([{ name: 'cni0', filtered: { ipv4: true, ipv6: true } }]);
    expect(filter.bridges).toEqual([{ name: 'cni0', subnets: ['10.244.1.0/24'], closed: true }]);
    expect(filter.ports).toEqual(['veth0', 'veth1']);
    const [bridges, ports] = [filter.bridges, filter.ports];
    filter.check();
    expect([filter.bridges, filter.ports]).toEqual([bridges, ports]);
    expect(filter.bridges).toBe(bridges);
    expect(filter.ports).toBe(ports);
    expect(filter.repairs).toBe(0);
  });

  test('the switches of the namespace are enough, and nothing is written', () => {
    host.on.set('all/4', true);
    host.on.set('all/6', true);
    filter.check();
    expect(filter.degraded).toEqual([]);
    expect([host.on.get('cni0/4'), said]).toEqual([false, []]);
  });

  test('the namespace is set where the bridge cannot be', () => {
    host.refusing.add('cni0/4');
    filter.check();
    expect([host.on.get('all/4'), host.on.get('all/6')]).toEqual([true, false]);
    expect(filter.degraded).toEqual([]);
  });

  test('where neither can be it is said of which family, why, and what to run', () => {
    for (const name of ['cni0/6', 'all/6']) host.refusing.add(name);
    filter.check();
    expect(filter.status).toEqual([{ name: 'cni0', filtered: { ipv4: true, ipv6: false } }]);
    expect(filter.degraded.map(({ message }) => message)).toEqual([
      'IPv6 policies do not hold between the pods on bridge cni0: cannot switch on its filtering (EROFS cni0/6; EROFS all/6); run: ip link set cni0 type bridge nf_call_ip6tables 1',
    ]);
    host.on.set('all/6', true);
    filter.check();
    expect(filter.degraded).toEqual([]);
  });

  test('without the module it is said once, with the command; the rules are wanted all the same', () => {
    host.loaded = false;
    filter.check();
    expect(filter.degraded.map(({ message }) => message)).toEqual([
      'policies do not hold between the pods on bridge cni0: the kernel module br_netfilter is not loaded; run: modprobe br_netfilter',
    ]);
    expect(filter.bridges).toHaveLength(1);
    host.loaded = true;
    filter.check();
    expect(filter.degraded).toEqual([]);
  });

  test('what somebody switches off is repaired, counted and logged; what was never on is not a repair', () => {
    filter.check();
    expect(said).toEqual([
      'info IPv4 frames of bridge cni0 pass the rules from now on',
      'info IPv6 frames of bridge cni0 pass the rules from now on',
    ]);
    host.off('cni0/6');
    filter.check();
    filter.check();
    expect(filter.repairs).toBe(1);
    expect(said.slice(2)).toEqual([
      'warn IPv6 frames of bridge cni0 had been taken away from the rules; repaired',
    ]);
  });

  test('one that cannot be seen is set by the namespace alone, and its command is the namespace’s', () => {
    host.list = [{ ...CNI0, kind: 'unseen', ports: [] }];
    filter.check();
    expect([host.on.get('cni0/4'), host.on.get('all/4')]).toEqual([false, true]);
    host.off('all/4');
    host.refusing.add('all/4');
    filter.check();
    expect(filter.degraded[0]?.message).toMatch(
      /cni0, which may be a bridge.*run: sysctl -w net\.bridge\.bridge-nf-call-iptables=1$/,
    );
  });

  test.each(['br*', 'a"b', 'x;y'])(
    'a bridge or a port named %s gets into no rule, and that is said',
    (name) => {
      host.list = [{ ...CNI0, name, ports: [name, 'veth0'] }];
      host.off(`${name}/4`, `${name}/6`);
      filter.check();
      expect([filter.bridges, filter.ports]).toEqual([[], ['veth0']]);
      expect(filter.status).toMatchObject([{ filtered: { ipv4: true, ipv6: true } }]);
      expect(filter.degraded).toHaveLength(2);
      for (const { message } of filter.degraded) expect(message).toContain(JSON.stringify(name));
    },
  );

  test('one that comes later is found at the next look, and told of', async () => {
    host.list = [];
    const clock = new ManualClock();
    const ended = new AbortController();
    const looks: boolean[] = [];
    const running = filter.run(clock, (changed) => looks.push(changed), ended.signal);
    await clock.advance(1_000);
    host.list = [CNI0];
    await clock.advance(1_000);
    host.list = [{ ...CNI0, ports: ['veth0', 'veth1', 'veth2'] }];
    await clock.advance(2_000);
    expect(looks).toEqual([false, false, true, true, false]);
    ended.abort();
    await running;
  });
});
