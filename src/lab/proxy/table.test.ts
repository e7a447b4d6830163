import { expect, test } from 'vitest';
import type { Address } from '../../model/address.ts';
import { planLab } from '../network/plan.ts';
import type { Front, HostPort } from './front.ts';
import { routeCommands } from './routes.ts';
import { proxyTable } from './table.ts';

const plan = planLab({ nodes: 2, ipFamily: 'dual' });
const serviceRanges = ['10.96.0.0/16', 'fd00:10:96::/112'];

function front(more: Partial<Front> = {}): Front {
  return {
    title: 'shop/api:http',
    family: 4,
    protocol: 'TCP',
    clusterAddress: '10.96.0.10' as Address,
    port: 80,
    nodePort: null,
    backends: [{ address: '10.244.1.2' as Address, port: 8080, node: 'node-a' }],
    internalLocal: false,
    externalLocal: false,
    sticky: false,
    ...more,
  };
}

function hostPort(name: string, address: string): HostPort {
  const backend = { address: address as Address, port: 80, node: 'node-a' };
  return {
    title: `shop/${name}:9090`,
    node: 'node-a',
    family: 4,
    protocol: 'TCP',
    port: 9090,
    at: null,
    backend,
  };
}

function tableOf(index: number, fronts: readonly Front[], hostPorts: readonly HostPort[] = []): string {
  const node = plan.nodes[index];
  if (node === undefined) throw new Error(`no node ${index}`);
  return proxyTable({ plan, node, serviceRanges, fronts, hostPorts });
}

test('no text of a user reaches nft but in a comment of harmless letters', () => {
  expect(tableOf(0, [front()])).toContain('comment "shop/api:http"');
  const hostile = tableOf(0, [front({ title: 'shop/"; flush ruleset; #:http' })]);
  expect(hostile).not.toContain('flush ruleset');
  expect(hostile).toContain('dnat ip to 10.244.1.2:8080');
});

test('a hostPort is forwarded on its own node, and the first of two pods keeps it', () => {
  const both = [hostPort('one', '10.244.1.2'), hostPort('two', '10.244.1.3')];
  expect(tableOf(0, [], both).match(/172\.18\.0\.2 \. tcp \. 9090 : goto/g)).toHaveLength(1);
  expect(tableOf(0, [], both)).toContain('dnat ip to 10.244.1.2:80');
  expect(tableOf(0, [], both)).not.toContain('dnat ip to 10.244.1.3');
  expect(tableOf(1, [], both)).not.toContain('9090');
});

test('only backends of the node itself can be reached by themselves there', () => {
  expect(tableOf(0, [front()])).toContain('10.244.1.2 . 10.244.1.2');
  expect(tableOf(1, [front()])).not.toContain('10.244.1.2 . 10.244.1.2');
});

test('the root reaches ClusterIPs through the first node, and only what it sends itself', () => {
  expect(routeCommands(plan, serviceRanges).map((words) => words.join(' '))).toEqual([
    '-4 rule add iif lo to 10.96.0.0/16 lookup 96',
    '-4 route add 10.96.0.0/16 via 172.18.0.2 table 96',
    '-6 rule add iif lo to fd00:10:96::/112 lookup 96',
    '-6 route add fd00:10:96::/112 via fd00:172:18::2 table 96',
  ]);
});
