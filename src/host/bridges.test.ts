import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BridgeHost, createBridgeHost } from './bridges.ts';

let root: string;
let interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>;
let host: BridgeHost;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'policyd-bridges-'));
  interfaces = {};
  host = createBridgeHost({ proc: join(root, 'proc'), sys: join(root, 'sys'), interfaces: () => interfaces });
  file('proc/net/dev', 'Inter-|   Receive\n face |bytes\n');
  mkdirSync(join(root, 'sys/class/net'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

let indexes = 0;

/** Known to both /sys and /proc. */
function link(name: string, files: Readonly<Record<string, string>> = {}): void {
  indexes += 1;
  const own = { ifindex: `${indexes}\n`, iflink: `${indexes}\n`, uevent: `INTERFACE=${name}\n`, ...files };
  for (const [key, text] of Object.entries(own)) file(`sys/class/net/${name}/${key}`, text);
  const table = join(root, 'proc/net/dev');
  writeFileSync(table, `${readFileSync(table, 'utf8')}  ${name}: 0 0 0\n`);
}

function bridge(name: string, ...ports: readonly string[]): void {
  link(name, { 'bridge/nf_call_iptables': '0\n', 'bridge/nf_call_ip6tables': '1\n' });
  mkdirSync(join(root, `sys/class/net/${name}/brif`));
  for (const port of ports) file(`sys/class/net/${name}/brif/${port}`, '');
}

function info(address: string, cidr: string): NetworkInterfaceInfo {
  const rest = { netmask: '', mac: '', internal: false, cidr };
  return address.includes(':')
    ? { address, family: 'IPv6', scopeid: 0, ...rest }
    : { address, family: 'IPv4', ...rest };
}

const veth = { iflink: '99\n' };

describe('links', () => {
  test('a bridge with veths and tunnels is closed, and shows its addresses, not those of the link', () => {
    link('veth1', veth);
    link('vxlan1', { uevent: 'DEVTYPE=vxlan\nINTERFACE=vxlan1\n' });
    bridge('cni0', 'veth1', 'vxlan1');
    interfaces = {
      cni0: [
        info('10.244.1.1', '10.244.1.1/24'),
        info('fd00::1', 'fd00::1/64'),
        info('fe80::1', 'fe80::1/64'),
        info('169.254.1.1', '169.254.1.1/16'),
      ],
    };
    expect(host.links()).toEqual([
      {
        name: 'cni0',
        kind: 'closed',
        ports: ['veth1', 'vxlan1'],
        addresses: [
          { address: '10.244.1.1', subnet: '10.244.1.0/24' },
          { address: 'fd00::1', subnet: 'fd00::/64' },
        ],
      },
    ]);
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['a bond', { uevent: 'DEVTYPE=bond\n', ...veth }],
    ['a VLAN', { uevent: 'DEVTYPE=vlan\n', ...veth }],
    ['a tap device', {}],
  ])('a bridge with %s among its ports is open', (_, files) => {
    link('veth1', veth);
    link('other', files);
    bridge('br0', 'other', 'veth1');
    expect(host.links()).toMatchObject([{ name: 'br0', kind: 'open', ports: ['veth1'] }]);
  });

  test('a port with hardware behind it is no veth', () => {
    link('eth0', veth);
    symlinkSync('../../devices/pci', join(root, 'sys/class/net/eth0/device'));
    bridge('br0', 'eth0');
    expect(host.links()).toMatchObject([{ kind: 'open', ports: [] }]);
  });

  test('other links are no bridges', () => {
    link('eth0');
    interfaces = { eth0: [info('192.0.2.1', '192.0.2.1/24')] };
    expect(host.links()).toEqual([]);
  });

  test('where /sys is of another namespace, any link may be a bridge', () => {
    bridge('cni0');
    file('proc/net/dev', '  lo: 0 0\n  cni9: 0 0\n');
    interfaces = { cni9: [info('10.244.1.1', '10.244.1.1/24')] };
    expect(host.links()).toMatchObject([{ name: 'cni9', kind: 'unseen', ports: [] }]);
  });

  test('a bridge without carrier, which is not reported with its addresses, keeps them until it is another', () => {
    bridge('cni0');
    interfaces = { cni0: [info('10.244.1.1', '10.244.1.1/24')] };
    host.links();
    interfaces = {};
    expect(host.links()[0]?.addresses).toHaveLength(1);
    file('sys/class/net/cni0/ifindex', '1234\n');
    expect(host.links()[0]?.addresses).toEqual([]);
  });
});

describe('looking often', () => {
  let asked = 0;
  beforeEach(() => {
    asked = 0;
    host = createBridgeHost({
      proc: join(root, 'proc'),
      sys: join(root, 'sys'),
      interfaces: () => {
        asked += 1;
        return interfaces;
      },
    });
  });
  const heldBy = (name: string): unknown => host.links().find((each) => each.name === name)?.addresses;

  test('asks for addresses when something about a bridge has changed, and else every thirty looks', () => {
    link('veth1', veth);
    bridge('cni0', 'veth1');
    for (let look = 0; look < 30; look += 1) host.links();
    expect(asked).toBe(1);
    link('veth2', veth);
    file('sys/class/net/cni0/brif/veth2', '');
    expect(host.links()).toMatchObject([{ ports: ['veth1', 'veth2'] }]);
    for (let look = 0; look < 28; look += 1) host.links();
    expect(asked).toBe(2);
  });

  test.each<[string, () => void]>([
    ['a route', () => file('proc/net/route', 'cni0\t0001F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n')],
    ['an IPv6 address', () => file('proc/net/if_inet6', `${'0'.repeat(32)} 05 40 00 80     cni0\n`)],
    ['carrier', () => file('sys/class/net/cni0/carrier', '1\n')],
    ['another index', () => file('sys/class/net/cni0/ifindex', '4321\n')],
  ])('a bridge that gets %s is asked about', (_, change) => {
    bridge('cni0');
    expect(heldBy('cni0')).toEqual([]);
    interfaces = { cni0: [info('10.244.1.1', '10.244.1.1/24')] };
    expect(heldBy('cni0')).toEqual([]);
    change();
    expect(heldBy('cni0')).toHaveLength(1);
  });

  test('nobody is asked where no bridge is, whatever comes and goes', () => {
    for (let look = 0; look < 40; look += 1) {
      link(`veth${look}`, veth);
      expect(host.links()).toEqual([]);
    }
    expect(asked).toBe(0);
  });
});

describe('settings', () => {
  const own = { kind: 'bridge', name: 'cni0' } as const;
  const all = { kind: 'namespace' } as const;

  test('are read of the bridge and of the namespace, and may be absent', () => {
    bridge('cni0');
    file('proc/sys/net/bridge/bridge-nf-call-iptables', '1\n');
    expect([host.state(own, 4), host.state(own, 6)]).toEqual(['off', 'on']);
    expect([host.state(all, 4), host.state(all, 6)]).toEqual(['on', 'absent']);
    expect(host.state({ kind: 'bridge', name: 'none' }, 4)).toBe('absent');
  });

  test('are switched on, or it is said why not; no file is made', () => {
    bridge('cni0');
    expect(host.switchOn(own, 4)).toBeNull();
    expect(host.state(own, 4)).toBe('on');
    expect(host.switchOn(all, 4)).toMatch(/ENOENT.*bridge-nf-call-iptables/);
    expect(host.state(all, 4)).toBe('absent');
  });

  test('br_netfilter is there when its settings are', () => {
    expect(host.filterLoaded()).toBe(false);
    file('proc/sys/net/bridge/bridge-nf-call-iptables', '1\n');
    expect(host.filterLoaded()).toBe(true);
  });
});

test('routes are read once while they do not change', () => {
  const line = (link: string): string => `${link}\t0001F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`;
  expect(host.routes()).toEqual([]);
  file('proc/net/route', line('cni0'));
  const routes = host.routes();
  expect(routes.map(({ link }) => link)).toEqual(['cni0']);
  expect(host.routes()).toBe(routes);
  file('proc/net/route', line('cni1'));
  expect(host.routes().map(({ link }) => link)).toEqual(['cni1']);
});
