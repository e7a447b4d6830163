import { expect, test } from 'vitest';
import type { Address, Cidr } from '../model/address.ts';
import type { Link, LinkKind } from './link.ts';
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
