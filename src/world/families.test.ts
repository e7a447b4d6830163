import { expect, test } from 'vitest';
import type { Address } from '../model/address.ts';
import type { Pod, PodKey } from '../model/cluster.ts';
import type { Policy } from '../model/policy.ts';
import type { PolicyKey } from '../model/policy-ref.ts';
import { decodeNetworkPolicy } from '../policy/decode/network-policy.ts';
import { decodePod } from '../policy/decode/pod.ts';
import { spokenFamilies } from './families.ts';

function pods(...addresses: readonly string[]): ReadonlyMap<PodKey, Pod> {
  const raw = {
    metadata: { namespace: 'a', name: 'b' },
    spec: {},
    status: { podIPs: addresses.map((ip) => ({ ip })) },
  };
  const { value } = decodePod(raw, 'ignore');
  return value === null ? new Map() : new Map([['a/b' as PodKey, value]]);
}

function policies(cidr: string): ReadonlyMap<PolicyKey, Policy> {
  const spec = { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr } }] }] };
  const { value } = decodeNetworkPolicy({ metadata: { namespace: 'a', name: 'b' }, spec }, 'ignore');
  return value === null ? new Map() : new Map([['a/b' as PolicyKey, value]]);
}

const NOTHING = { pods: pods(), policies: new Map<PolicyKey, Policy>() };

test('nobody speaks of a family: IPv4 alone', () => {
  expect(spokenFamilies(NOTHING, [], [])).toEqual([4]);
});

test('a block of IPv6, or a question about one, brings IPv6 in', () => {
  expect(spokenFamilies({ ...NOTHING, policies: policies('::/0') }, [], [])).toEqual([4, 6]);
  expect(spokenFamilies({ ...NOTHING, policies: policies('0.0.0.0/0') }, [], [])).toEqual([4]);
  expect(spokenFamilies(NOTHING, [], ['2001:db8::1' as Address])).toEqual([4, 6]);
});

test('a pod that has addresses speaks for those that have none', () => {
  expect(spokenFamilies({ ...NOTHING, pods: pods('10.0.0.1', 'fd00::1') }, [], [])).toEqual([4, 6]);
  expect(spokenFamilies({ ...NOTHING, pods: pods('fd00::1') }, [], [])).toEqual([6]);
});

test('a Service with a ClusterIP speaks for them too', () => {
  const traffic = { internalLocal: false, externalLocal: false, publishNotReady: false, families: [] };
  const service = { namespace: 'a', name: 'b', selector: null, externalName: null, ports: [], ...traffic };
  const addresses = ['fd00:10:96::5' as Address];
  expect(spokenFamilies(NOTHING, [{ ...service, clusterAddresses: addresses }], [])).toEqual([6]);
});
