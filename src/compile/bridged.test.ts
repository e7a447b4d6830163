import { describe, expect, test } from 'vitest';
import { modelPod } from '../../test/kit/model-pod.ts';
import type { PodBridge } from '../machine/pod-bridge.ts';
import type { Address, Cidr } from '../model/address.ts';
import { type Pod, podKey, type Snapshot } from '../model/cluster.ts';
import type { Policy } from '../model/policy.ts';
import { policyKey } from '../model/policy-ref.ts';
import { firstPacket, type Packet } from '../nft/packet.ts';
import { toText } from '../nft/text.ts';
import { walk, walkableFromRuleset } from '../nft/walk.ts';
import { Bridged, bridgeHook } from './bridged.ts';
import { compile } from './compile.ts';
import type { CompiledTable } from './compiled.ts';

const RANGES = ['10.0.0.0/24' as Cidr, 'fd00::/64' as Cidr];
const BRIDGE: PodBridge = { name: 'cni0', subnets: RANGES, closed: true };

function pod(name: string, last: number | null): Pod {
  return modelPod(name, {
    ...{ labels: new Map(), node: 'a', phase: last === null ? 'Pending' : 'Running' },
    addresses: last === null ? [] : [`10.0.0.${last}` as Address, `fd00::${last}` as Address],
  });
}

const DENY: Policy = {
  ...{ kind: 'NetworkPolicy', namespace: 'shop', name: 'deny', problems: [], ingress: [], egress: null },
  subject: { kind: 'requirements', requirements: [] },
};

function compiled(pods: readonly Pod[], policies: readonly Policy[]): CompiledTable {
  const snapshot: Snapshot = {
    namespaces: new Map([['shop', { name: 'shop', labels: new Map() }]]),
    pods: new Map(pods.map((each) => [podKey('shop', each.name), each])),
    policies: new Map(policies.map((each) => [policyKey(each), each])),
    nodes: new Map(),
  };
  return compile(snapshot, { node: 'a', podRanges: RANGES });
}

const PODS = [pod('one', 1), pod('two', 2)];
const hooked = (result: CompiledTable): boolean =>
  [...result.ruleset.chains.keys()].join().includes('bridge_hook');

describe('the chain', () => {
  test('is there while a pod is isolated, or one that could be is awaited', () => {
    const apply = (pods: readonly Pod[], policies: readonly Policy[]): boolean =>
      hooked(new Bridged().apply(compiled(pods, policies), [{ ...BRIDGE, closed: false }]));
    expect(apply(PODS, [])).toBe(false);
    expect(apply(PODS, [DENY])).toBe(true);
    expect(apply([pod('new', null)], [DENY])).toBe(true);
    expect(apply([pod('new', null)], [])).toBe(false);
  });

  test('is not there without bridges: the ruleset is the very same', () => {
    const result = compiled(PODS, [DENY]);
    expect(new Bridged().apply(result, [])).toBe(result);
  });

  test('is the same object while the bridges are, and stands in its place by name', () => {
    const bridged = new Bridged();
    const chainOf = (bridges: readonly PodBridge[]): unknown =>
      [...bridged.apply(compiled(PODS, [DENY]), bridges).ruleset.chains.values()].find(
        ({ name }) => String(name) === 'bridge_hook',
      );
    const first = chainOf([BRIDGE]);
    expect(chainOf([{ ...BRIDGE }])).toBe(first);
    expect(chainOf([{ ...BRIDGE, name: 'cni1' }])).not.toBe(first);
    const names = [...bridged.apply(compiled(PODS, [DENY]), [BRIDGE]).ruleset.chains.keys()];
    expect(names).toEqual([...names].sort());
  });

  test('names every bridge, and says nothing of subnets where a bridge is not closed', () => {
    const text = (bridges: readonly PodBridge[]): string => {
      const chain = bridgeHook(bridges, true);
      const table = { family: 'inet', name: 'policyd' } as const;
      return toText({ table, chains: new Map([[chain.name, chain]]), sets: new Map(), maps: new Map() });
    };
    expect(text([BRIDGE])).toContain('oifname "cni0" ip daddr != 10.0.0.0/24 ip daddr != @local_4');
    expect(text([{ ...BRIDGE, subnets: [] }])).toContain('oifname "cni0" ip daddr != @local_4');
    expect(text([{ ...BRIDGE, closed: false }])).not.toContain('@local_4');
    const both = text([BRIDGE, { ...BRIDGE, name: 'cni1', closed: false }]);
    expect(both).toContain('oifname "cni0" meta pkttype != host');
    expect(both).toContain('oifname "cni1" meta pkttype != host');
  });
});

describe('a packet', () => {
  const { ruleset } = new Bridged().apply(compiled(PODS, [DENY]), [BRIDGE]);
  const open = compiled(PODS, []).ruleset;
  const CNI0 = { in: 'cni0', out: 'cni0' };
  const datagram = (source: string, destination: string): Packet => ({
    ...firstPacket({
      source: source as Address,
      destination: destination as Address,
      transport: { kind: 'ports', protocol: 'UDP', port: 53 },
    }),
    links: CNI0,
  });
  const neighbour = (type: number, more: Partial<Packet> = {}): Packet => ({
    ...datagram('fd00::2', 'ff02::1:ff00:1'),
    ...{ state: 'untracked', connection: null, protocol: 58, ports: null, tcpFlags: [], icmpType: type },
    ...{ packetType: 'multicast', hopLimit: 255, payloadLength: 32 },
    ...more,
  });
  const decided = (packet: Packet): string => {
    const result = walk([walkableFromRuleset(ruleset)], packet);
    return `${result.verdict} in ${result.decided?.chain.replace(/_[a-z2-7]{16}$/, '')}`;
  };

  test.each<[string, Packet]>([
    ['to everybody', { ...datagram('10.0.0.2', '255.255.255.255'), packetType: 'broadcast' }],
    ['to a pod, in a frame to everybody', { ...datagram('10.0.0.2', '10.0.0.1'), packetType: 'broadcast' }],
    ['to the broadcast of the subnet', datagram('10.0.0.2', '10.0.0.255')],
    ['to a link-local address', datagram('fd00::2', 'fe80::1')],
    ['from a link-local address', datagram('fe80::2', 'fd00::1')],
    ['to an address of nobody', datagram('10.0.0.2', '192.0.2.1')],
    ['from an address of nobody', datagram('192.0.2.1', '10.0.0.1')],
    ['a solicitation that is too long', neighbour(135, { payloadLength: 40 })],
    ['an advertisement that was routed', neighbour(136, { hopLimit: 254 })],
  ])('%s is dropped', (_, packet) => {
    expect(decided(packet)).toBe('drop in bridge_hook');
    expect(walk([walkableFromRuleset(open)], packet).verdict).toBe('accept');
  });

  test('by which a pod would be a router is dropped, whether a pod is isolated or not', () => {
    const lies = [134, 137].map((type) => neighbour(type, { source: 'fe80::2' as Address }));
    const redirect: Packet = { ...datagram('10.0.0.2', '10.0.0.1'), protocol: 1, ports: null, icmpType: 5 };
    const unpoliced = new Bridged().apply(compiled(PODS, []), [BRIDGE]).ruleset;
    for (const packet of [...lies, redirect]) {
      expect(decided(packet)).toBe('drop in bridge_hook');
      expect(walk([walkableFromRuleset(unpoliced)], packet).verdict).toBe('drop');
      expect(walk([walkableFromRuleset(open)], packet).verdict).toBe('accept');
    }
    expect(walk([walkableFromRuleset(unpoliced)], neighbour(135)).verdict).toBe('accept');
  });

  test('of neighbour discovery passes', () => {
    for (const type of [135, 136]) expect(decided(neighbour(type))).toBe('accept in stateless');
    const report = { hopLimit: 1, payloadLength: 96, destination: 'ff02::16' as Address };
    expect(decided(neighbour(143, report))).toBe('accept in stateless');
    expect(decided(neighbour(143, { ...report, payloadLength: 116 }))).toBe('drop in bridge_hook');
  });

  test('between pods is left to their policies, and so is what comes from the uplink', () => {
    expect(decided(datagram('10.0.0.2', '10.0.0.1'))).toBe('drop in rin');
    expect(decided({ ...datagram('8.8.8.8', '10.0.0.1'), links: { in: 'eth0', out: 'cni0' } })).toBe(
      'drop in rin',
    );
    expect(decided({ ...datagram('10.0.0.1', '8.8.8.8'), links: { in: 'cni0', out: 'eth0' } })).toBe(
      'accept in stage_in',
    );
  });

  test('of another bridge is left alone', () => {
    const links = { in: 'virbr0', out: 'virbr0' };
    expect(decided({ ...datagram('192.168.122.2', '255.255.255.255'), packetType: 'broadcast', links })).toBe(
      'accept in stage_in',
    );
    expect(decided({ ...neighbour(134), source: 'fe80::9' as Address, links })).toBe('accept in stateless');
  });
});
