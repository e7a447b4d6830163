import { expect, test } from 'vitest';
import { planLab, podAddresses, podGateways, podLinkName, podMac, podNamespaceName } from './plan.ts';

test('26 nodes have distinct names, addresses and pod ranges in both families', () => {
  const { nodes, root, external } = planLab({ nodes: 26, ipFamily: 'dual' });
  expect(nodes[0]).toEqual({
    name: 'node-a',
    number: 1,
    addresses: ['172.18.0.2', 'fd00:172:18::2'],
    podCidrs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
  });
  expect(nodes.at(-1)?.name).toBe('node-z');
  const all = [...nodes, root, external].flatMap(({ addresses }) => addresses);
  expect(new Set(all).size).toBe(56);
  expect(new Set(nodes.flatMap(({ podCidrs }) => podCidrs)).size).toBe(52);
});

test.each([
  ['ipv4', ['10.244.3.7']],
  ['ipv6', ['fd00:10:244:3::7']],
  ['dual', ['10.244.3.7', 'fd00:10:244:3::7']],
] as const)('a pod of a lab of %s has exactly that', (ipFamily, addresses) => {
  const plan = planLab({ nodes: 3, ipFamily });
  const node = plan.nodes[2];
  expect(node && podAddresses(plan, node, 7)).toEqual(addresses);
});

test("a bridge has the first address of its node's pod range, and a MAC no pod has", () => {
  const plan = planLab({ nodes: 2, ipFamily: 'dual', topology: 'bridge' });
  const [one, two] = plan.nodes;
  if (one === undefined || two === undefined) throw new Error('no two nodes');
  expect(podGateways(plan, two)).toEqual(['10.244.2.1', 'fd00:10:244:2::1']);
  expect(new Set([podMac(one, 1), podMac(two, 1), podMac(two, 2), podMac(two, 254)]).size).toBe(4);
});

test('names of links fit the kernel, and names of namespaces the file system, however long a pod is named', () => {
  const long = 'x'.repeat(253);
  expect(podLinkName('n'.repeat(63), long).length).toBeLessThanOrEqual(15);
  expect(podNamespaceName('n'.repeat(63), long).length).toBeLessThanOrEqual(255);
  expect(podNamespaceName('a', `${long}1`)).not.toBe(podNamespaceName('a', `${long}2`));
  expect(podLinkName('a-b', 'c')).not.toBe(podLinkName('a', 'b-c'));
  expect(podNamespaceName('shop', 'web')).toBe('shop_web');
});
