import { expect, test } from 'vitest';
import { WATCHED } from '../kinds/kinds.ts';
import { type Change, changedObject } from '../model/cluster.ts';
import { ObjectStore } from './object-store.ts';

function policyStore(): {
  store: ObjectStore<'networkpolicies'>;
  changes: Change[];
  problems: Map<string, readonly string[]>;
} {
  const changes: Change[] = [];
  const problems = new Map<string, readonly string[]>();
  const store = new ObjectStore(WATCHED.networkpolicies, {
    changed: (batch) => changes.push(...batch),
    problems: (object, messages) => problems.set(object, messages),
  });
  return { store, changes, problems };
}

function policy(name: string, version: string, spec: unknown): object {
  return { metadata: { namespace: 'shop', name, resourceVersion: version }, spec };
}

test('an invalid object is kept with what is valid of it, and reported', () => {
  const { store, changes, problems } = policyStore();
  const draft = store.draft();
  draft.add(policy('bad', '1', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 'x' } }] }] }));
  draft.add(policy('good', '2', { podSelector: {} }));
  draft.commit('5');
  expect(changes.map(changedObject)).toEqual(['policy shop/bad', 'policy shop/good']);
  expect(problems.get('NetworkPolicy shop/bad')?.[0]).toContain('spec.ingress[0].from[0].ipBlock.cidr');
  expect(problems.get('NetworkPolicy shop/good')).toEqual([]);
});

test('the problems of an object end with it', () => {
  const { store, problems } = policyStore();
  store.apply([{ type: 'ADDED', object: policy('bad', '1', { podSelector: 7 }) }]);
  expect(problems.get('NetworkPolicy shop/bad')).not.toEqual([]);
  store.apply([{ type: 'DELETED', object: policy('bad', '2', {}) }]);
  expect(problems.get('NetworkPolicy shop/bad')).toEqual([]);
});

test('a new list with the same contents changes nothing', () => {
  const { store, changes } = policyStore();
  for (const version of ['5', '9']) {
    const draft = store.draft();
    draft.add(policy('a', version, { podSelector: { matchLabels: { app: 'x' } } }));
    draft.commit(version);
  }
  expect(changes).toHaveLength(1);
  expect(store.version).toBe('9');
});

test('a heartbeat of a node changes nothing', () => {
  const changes: Change[] = [];
  const store = new ObjectStore(WATCHED.nodes, {
    changed: (batch) => changes.push(...batch),
    problems: () => {},
  });
  const node = (version: string, time: string): object => ({
    metadata: { name: 'a', resourceVersion: version },
    spec: { podCIDRs: ['10.0.0.0/24'] },
    status: { conditions: [{ type: 'Ready', lastHeartbeatTime: time }] },
  });
  store.apply([{ type: 'ADDED', object: node('1', 'now') }]);
  store.apply([{ type: 'MODIFIED', object: node('2', 'later') }]);
  expect(changes).toHaveLength(1);
  expect(store.version).toBe('2');
});

test('what is in the store does not depend on a decoder that fails', () => {
  const changes: Change[] = [];
  let fail = false;
  const store = new ObjectStore(
    {
      ...WATCHED.nodes,
      decode: (raw, unknownFields) => {
        if (fail) throw new Error('defect');
        return WATCHED.nodes.decode(raw, unknownFields);
      },
    },
    { changed: (batch) => changes.push(...batch), problems: () => {} },
  );
  const raw = { metadata: { name: 'a', resourceVersion: '1' }, spec: { podCIDRs: ['10.0.0.0/24'] } };
  store.apply([{ type: 'ADDED', object: raw }]);
  fail = true;
  const draft = store.draft();
  draft.add(raw);
  draft.commit('2');
  expect(changes).toHaveLength(1);
  expect(store.size).toBe(1);
});
