import { describe, expect, test } from 'vitest';
import { checkKind, isNamespaced } from '../manifest/kinds.ts';
import { formatProblem } from '../policy/decode/problem.ts';
import {
  groupOf,
  KINDS,
  objectOf,
  pathOf,
  RESOURCES,
  resourceOf,
  WATCHED,
  WATCHED_RESOURCES,
} from './kinds.ts';

describe.each(RESOURCES)('%s', (resource) => {
  const { kind, apiVersion, namespaced, decode } = KINDS[resource];
  const metadata = { name: 'a', ...(namespaced ? { namespace: 'shop' } : {}) };

  test('its decoder knows it by the names of the table', () => {
    const messages = (raw: object): string[] => decode(raw, 'reject').problems.map(formatProblem);
    const named = (problems: readonly string[]): string[] =>
      problems.filter((each) => /^(apiVersion|kind|metadata)/.test(each));
    expect(named(messages({ apiVersion, kind, metadata }))).toEqual([]);
    expect(named(messages({ apiVersion: 'other/v1', kind, metadata }))).toHaveLength(1);
    expect(named(messages({ apiVersion, kind: 'Other', metadata }))).toHaveLength(1);
    if (!namespaced)
      expect(
        named(messages({ apiVersion, kind, metadata: { ...metadata, namespace: 'shop' } })),
      ).toHaveLength(1);
  });

  test('files may hold it', () => {
    expect(checkKind(apiVersion, kind)).toBeNull();
    expect(isNamespaced(kind)).toBe(namespaced);
    expect(resourceOf(kind)).toBe(resource);
  });
});

test('the paths and groups of the core and of the others', () => {
  expect(pathOf(KINDS.pods)).toBe('/api/v1/pods');
  expect(pathOf(KINDS.networkpolicies)).toBe('/apis/networking.k8s.io/v1/networkpolicies');
  expect([groupOf(KINDS.pods), groupOf(KINDS.networkpolicies)]).toEqual(['', 'networking.k8s.io']);
});

test('a change names the object of its own kind', () => {
  const named = WATCHED_RESOURCES.map((resource) => {
    const { namespaced, change } = WATCHED[resource];
    return objectOf(change({ namespace: namespaced ? 'shop' : '', name: 'a' }, null));
  });
  expect(named).toEqual(['Pod shop/a', 'Namespace a', 'Node a', 'NetworkPolicy shop/a']);
});
