import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, KubeObject } from '../apiserver/json.ts';
import { bounds, type RolloutSet, rolloutSteps } from './rollout.ts';

function deployment(replicas: number, strategy: JsonObject): KubeObject {
  const metadata = { name: 'd', namespace: 'n', uid: 'd', resourceVersion: '1', creationTimestamp: '' };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, strategy } };
}

function rolling(replicas: number, maxSurge: string | number, maxUnavailable: string | number): KubeObject {
  return deployment(replicas, { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } });
}

const set = (name: string, current: boolean, replicas: number, ready: number): RolloutSet => ({
  name,
  current,
  replicas,
  ready,
  created: name,
});

describe('bounds', () => {
  test.each([
    ['25%', '25%', 4, 1, 1],
    ['25%', '25%', 3, 1, 0],
    ['25%', '25%', 1, 1, 0],
    [0, 0, 3, 0, 1],
    ['100%', '100%', 3, 3, 3],
    [2, 9, 3, 2, 3],
  ])(
    'maxSurge %s and maxUnavailable %s of %d replicas',
    (maxSurge, maxUnavailable, replicas, surge, unavailable) => {
      expect(bounds(rolling(replicas, maxSurge, maxUnavailable))).toEqual({ surge, unavailable });
    },
  );
});

describe('steps', () => {
  test('a first rollout takes everything at once, a finished one nothing', () => {
    expect(rolloutSteps(rolling(3, '25%', '25%'), [set('new', true, 0, 0)], 0)).toEqual([
      { name: 'new', replicas: 3 },
    ]);
    expect(rolloutSteps(rolling(3, '25%', '25%'), [set('new', true, 3, 3)], 0)).toEqual([]);
  });

  test('pods of an old set that never became ready go first', () => {
    const sets = [set('old-a', false, 2, 2), set('old-b', false, 2, 0), set('new', true, 1, 1)];
    expect(rolloutSteps(rolling(4, 1, 1), sets, 4)).toEqual([{ name: 'old-b', replicas: 0 }]);
  });

  test('recreate waits until the last old pod is gone', () => {
    const recreate = deployment(2, { type: 'Recreate' });
    expect(rolloutSteps(recreate, [set('old', false, 2, 2), set('new', true, 0, 0)], 2)).toEqual([
      { name: 'old', replicas: 0 },
    ]);
    expect(rolloutSteps(recreate, [set('old', false, 0, 0), set('new', true, 0, 0)], 1)).toEqual([]);
    expect(rolloutSteps(recreate, [set('old', false, 0, 0), set('new', true, 0, 0)], 0)).toEqual([
      { name: 'new', replicas: 2 },
    ]);
  });

  test('any rollout whose pods become ready ends, and never breaks its bounds on the way', () => {
    const share = fc.oneof(fc.nat(4), fc.constantFrom('0%', '25%', '50%', '100%'));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        share,
        share,
        fc.nat(3),
        (replicas, maxSurge, maxUnavailable, split) => {
          const target = rolling(replicas, maxSurge, maxUnavailable);
          const { surge, unavailable } = bounds(target);
          const first = Math.min(split, replicas);
          let sets = [
            set('a', false, first, first),
            set('b', false, replicas - first, replicas - first),
            set('new', true, 0, 0),
          ];
          for (let turn = 0; turn < 100; turn += 1) {
            const steps = rolloutSteps(target, sets, 0);
            if (steps.length === 0) break;
            sets = sets.map((item) => {
              const size = steps.find(({ name }) => name === item.name)?.replicas ?? item.replicas;
              return { ...item, replicas: size, ready: Math.min(item.ready, size) };
            });
            const total = sets.reduce((sum, item) => sum + item.replicas, 0);
            const ready = sets.reduce((sum, item) => sum + item.ready, 0);
            expect(total).toBeLessThanOrEqual(replicas + surge);
            expect(ready).toBeGreaterThanOrEqual(replicas - unavailable);
            sets = sets.map((item) => ({ ...item, ready: item.replicas }));
          }
          expect(sets.map((item) => item.replicas)).toEqual([0, 0, replicas]);
        },
      ),
    );
  });
});
