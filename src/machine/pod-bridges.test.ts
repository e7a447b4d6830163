import { expect, test } from 'vitest';
import type { Address, Cidr } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import { podKey } from '../model/cluster.ts';
import type { Link, LinkKind } from './bridge-host.ts';
import { LocalPlaces } from './local-places.ts';
import { podBridges } from './pod-bridges.ts';

const RANGES = ['10.244.1.0/24' as Cidr, 'fd00:1::/64' as Cidr];
const nowhere = (): null => null;

function link(name: string, address: string, subnet: string, kind: LinkKind = 'closed'): Link {
  return {
    name,
    kind,
    ports: [`${name}-port`],
    addresses: [{ address: address as Address, subnet: subnet as Cidr }],
  };
}

const CNI0 = link('cni0', '10.244.1.1', '10.244.1.0/24');
const DOCKER0 = link('docker0', '172.17.0.1', '172.17.0.0/16');
const UPLINK = link('br0', '10.0.0.5', '10.0.0.0/8', 'open');

test('a bridge with an address of the pod range is one, whatever others there are', () => {
  expect(podBridges([UPLINK, DOCKER0, CNI0], { ranges: RANGES, strays: [] }, nowhere)).toEqual([
    { name: 'cni0', subnets: [...RANGES], closed: true, certain: true, ports: ['cni0-port'] },
  ]);
});

test('its subnets are its own and the ranges, none inside another', () => {
  const wide = link('cni0', '10.244.1.1', '10.244.0.0/16');
  expect(podBridges([wide], { ranges: RANGES, strays: [] }, nowhere)[0]?.subnets).toEqual([
    '10.244.0.0/16',
    'fd00:1::/64',
  ]);
});

test('with an uplink among its ports it is not closed; what cannot be seen is neither closed nor certain', () => {
  const kinds = (['open', 'unseen'] as const).map((kind) => ({ ...CNI0, kind }));
  const found = kinds.map((each) => podBridges([each], { ranges: RANGES, strays: [] }, nowhere));
  expect(found).toMatchObject([[{ closed: false, certain: true }], [{ closed: false, certain: false }]]);
});

test('without a range it is the bridge that leads to the pods, and not closed', () => {
  const strays = ['172.17.0.9' as Address];
  const found = podBridges([UPLINK, DOCKER0, CNI0], { ranges: [], strays }, () => 'docker0');
  expect(found).toMatchObject([
    { name: 'docker0', subnets: ['172.17.0.0/16'], closed: false, certain: true },
  ]);
});

test('where pods are routed there is none', () => {
  const strays = ['192.0.2.9' as Address];
  expect(podBridges([UPLINK, DOCKER0], { ranges: RANGES, strays }, () => 'veth2')).toEqual([]);
});

function pod(name: string, node: string, address: string, more: Partial<Pod> = {}): Pod {
  const nothing = { labels: new Map(), ports: [], uid: name, deleting: false, created: 0 } as const;
  return {
    ...nothing,
    ...{
      namespace: 'shop',
      name,
      node,
      phase: 'Running',
      hostNetwork: false,
      addresses: [address as Address],
    },
    ...more,
  };
}

test('places follow the node and its pods: strays are local pods outside of the ranges', () => {
  const places = new LocalPlaces({ node: 'a', configured: [] });
  const set = (value: Pod | null, name: string): void =>
    places.update([{ kind: 'pod', key: podKey('shop', name), value }]);
  set(pod('in', 'a', '10.244.1.5'), 'in');
  set(pod('out', 'a', '192.0.2.5'), 'out');
  set(pod('far', 'b', '192.0.2.6'), 'far');
  set(pod('host', 'a', '192.0.2.7', { hostNetwork: true }), 'host');
  expect(places.places).toEqual({ ranges: [], strays: ['10.244.1.5', '192.0.2.5'] });
  const node = { name: 'a', labels: new Map(), addresses: [], podCidrs: RANGES };
  places.update([
    { kind: 'node', key: 'a', value: node },
    { kind: 'node', key: 'b', value: { ...node, name: 'b', podCidrs: [] } },
  ]);
  expect(places.places).toEqual({ ranges: RANGES, strays: ['192.0.2.5'] });
  set(null, 'out');
  expect(places.places.strays).toEqual([]);
  places.update([{ kind: 'node', key: 'a', value: null }]);
  expect(places.places.ranges).toEqual(RANGES);
});

test('a configured range wins over the node', () => {
  const places = new LocalPlaces({ node: 'a', configured: ['10.9.0.0/16' as Cidr] });
  const node = { name: 'a', labels: new Map(), addresses: [], podCidrs: RANGES };
  places.update([{ kind: 'node', key: 'a', value: node }]);
  expect(places.places.ranges).toEqual(['10.9.0.0/16']);
});

test('places tell once that they have moved: a local address or the range, and nothing else', () => {
  const places = new LocalPlaces({ node: 'a', configured: [] });
  const moved = (name: string, value: Pod | null): boolean => {
    places.update([{ kind: 'pod', key: podKey('shop', name), value }]);
    return places.takeMoved();
  };
  expect(places.takeMoved()).toBe(false);
  expect(moved('in', pod('in', 'a', '10.244.1.5'))).toBe(true);
  expect(places.takeMoved()).toBe(false);
  expect(moved('in', pod('in', 'a', '10.244.1.5', { labels: new Map([['app', 'x']]) }))).toBe(false);
  expect(moved('far', pod('far', 'b', '10.244.2.5'))).toBe(false);
  expect(moved('new', pod('new', 'a', '', { addresses: [] }))).toBe(false);
  expect(moved('in', pod('in', 'a', '10.244.1.6'))).toBe(true);
  expect(moved('in', null)).toBe(true);
  const node = { name: 'a', labels: new Map(), addresses: [], podCidrs: RANGES };
  places.update([{ kind: 'node', key: 'a', value: node }]);
  expect(places.takeMoved()).toBe(true);
  places.update([{ kind: 'node', key: 'a', value: { ...node, labels: new Map([['zone', 'x']]) } }]);
  expect(places.takeMoved()).toBe(false);
});
