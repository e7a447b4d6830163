import { expect, test } from 'vitest';
import type { Address } from '../model/address.ts';
import { hostRoutes, longestPrefix, readRoutes, uplinks } from './routes.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const four = (link: string, destination: string, flags: string, mask: string): string =>
  `${link}\t${destination}\t010012AC\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0\n`;
const six = (prefix: string, bits: string, link: string, flags = '00000001'): string =>
  `${prefix.padEnd(32, '0')} ${bits} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 ${flags} ${link}\n`;

const ROUTES = [
  ...readRoutes(
    4,
    HEAD +
      four('eth0', '00000000', '0003', '00000000') +
      four('cni0', '0001F40A', '0001', '00FFFFFF') +
      four('veth7', '0701F40A', '0005', 'FFFFFFFF') +
      four('eth0', '0901F40A', '0007', 'FFFFFFFF') +
      four('*', '0A01F40A', '0205', 'FFFFFFFF'),
  ),
  ...readRoutes(
    6,
    six('', '00', 'eth0', '00000003') +
      six('fd00', '10', 'br0') +
      six('fd001', '14', 'br1') +
      six('fd0000000000000000000000000000f7', '80', 'veth7') +
      six('fd0000000000000000000000000000f8', '80', 'eth0', '80200001') +
      six('fe8', '0a', 'veth7') +
      six('ff', '08', 'eth0'),
  ),
];

test('an address goes by the longest prefix that holds it, of its own family', () => {
  const of = (text: string): string | null => longestPrefix(ROUTES, text as Address);
  expect(['10.244.1.8', '10.244.1.7', '192.0.2.1'].map(of)).toEqual(['cni0', 'veth7', 'eth0']);
  expect(['fd00:1000::1', 'fd00:2000::1', '2001:db8::1'].map(of)).toEqual(['br1', 'br0', 'eth0']);
  expect(longestPrefix([], '10.0.0.1' as Address)).toBeNull();
});

test('addresses with a route of their own are those without a gateway, and not of the node itself', () => {
  expect([...hostRoutes(ROUTES)]).toEqual([
    ['10.244.1.7', 'veth7'],
    ['fd00::f7', 'veth7'],
  ]);
});

test('links lead away by which a gateway is reached', () => {
  expect([...uplinks(ROUTES)]).toEqual(['eth0']);
});
