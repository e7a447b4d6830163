import { expect, test } from 'vitest';
import type { Address, Cidr } from '../model/address.ts';
import type { FoundBridge } from './pod-bridges.ts';
import { type LinkFacts, podLinks } from './pod-links.ts';

const PLACES = { ranges: ['10.1.0.0/24' as Cidr], strays: ['192.0.2.5' as Address] };
const routes = (...list: readonly (readonly [string, string])[]): LinkFacts['routes'] =>
  new Map(list.map(([address, link]) => [address as Address, link]));
const bridge = (name: string, closed: boolean): FoundBridge => ({
  ...{ name, closed, subnets: [], certain: true, ports: [] },
});
const NO_BRIDGE = { bridges: new Set<string>(), podBridges: [] };
const addresses = (...list: readonly string[]): readonly Address[] => list as readonly Address[];

test('links are pods’ that a host route of the range, or of a pod outside of it, leads to', () => {
  const found = routes(['10.1.0.5', 'vb'], ['192.0.2.5', 'va'], ['192.0.2.6', 'eth0'], ['10.1.0.6', 'vb']);
  expect(podLinks({ routes: found, ...NO_BRIDGE }, PLACES, [])).toEqual(['va', 'vb']);
});

test('a bridge is one where pods alone hang on it, whatever routes say', () => {
  const facts = {
    routes: routes(['192.0.2.5', 'br0']),
    bridges: new Set(['br0', 'cni0']),
    podBridges: [bridge('br0', false), bridge('cni0', true)],
  };
  expect(podLinks(facts, PLACES, [])).toEqual(['cni0']);
});

test('who sends for others is left alone: its veth, or the bridge it hangs on', () => {
  const veths = routes(['10.1.0.5', 'va'], ['10.1.0.6', 'vb']);
  expect(podLinks({ routes: veths, ...NO_BRIDGE }, PLACES, addresses('10.1.0.5'))).toEqual(['vb']);
  const facts = { routes: veths, bridges: new Set(['cni0']), podBridges: [bridge('cni0', true)] };
  expect(podLinks(facts, PLACES, addresses('10.1.0.5'))).toEqual(['cni0', 'vb']);
  expect(podLinks(facts, PLACES, addresses('10.1.0.9'))).toEqual(['va', 'vb']);
});
