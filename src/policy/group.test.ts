import { expect, test } from 'vitest';
import type { Pod } from '../model/cluster.ts';
import type { Labels, Selector } from '../model/labels.ts';
import { inGroup } from './group.ts';

const EVERYTHING: Selector = { kind: 'requirements', requirements: [] };
const NOT_PROD: Selector = {
  kind: 'requirements',
  requirements: [{ key: 'env', operator: 'NotIn', values: ['prod'], path: [] }],
};
const POD: Pod = {
  namespace: 'shop',
  name: 'web',
  uid: 'u',
  labels: new Map(),
  node: null,
  addresses: [],
  hostNetwork: false,
  phase: 'Running',
  deleting: false,
  created: 0,
  ports: [],
};
const NO_LABELS: Labels = new Map();

test('H3 a host-network pod is in no group', () => {
  const group = { namespaces: { kind: 'named', name: 'shop' }, pods: EVERYTHING } as const;
  expect(inGroup(group, POD, NO_LABELS)).toBe(true);
  expect(inGroup(group, { ...POD, hostNetwork: true }, NO_LABELS)).toBe(false);
});

test('an unknown namespace is only in the scope of all namespaces: what NotIn would say of it is not known', () => {
  const scope = (selector: Selector) =>
    ({ namespaces: { kind: 'selected', selector }, pods: EVERYTHING }) as const;
  expect(inGroup(scope(NOT_PROD), POD, NO_LABELS)).toBe(true);
  expect(inGroup(scope(NOT_PROD), POD, null)).toBe(false);
  expect(inGroup(scope(EVERYTHING), POD, null)).toBe(true);
});

test('B5 the scope of one namespace holds no pod of another, whatever their labels', () => {
  const group = { namespaces: { kind: 'named', name: 'other' }, pods: EVERYTHING } as const;
  expect(inGroup(group, POD, NO_LABELS)).toBe(false);
});
