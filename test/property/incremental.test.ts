/**
 * Event after event, the way the agent goes: incremental compiler, plan from what was applied last, prediction
 * of what that leaves behind. It must come out as if everything had been compiled, compared and written anew.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { Compiler } from '../../src/compile/compiler.ts';
import { type Change, changedObject, type Snapshot } from '../../src/model/cluster.ts';
import { policyKey } from '../../src/model/policy-ref.ts';
import type { Ruleset } from '../../src/nft/objects.ts';
import type { ObservedTable } from '../../src/nft/observe.ts';
import { applyPlan, plan, split } from '../../src/nft/plan.ts';
import { toText } from '../../src/nft/text.ts';
import { cluster, type RandomCluster } from '../kit/arbitraries.ts';
import { budgets } from '../kit/budgets.ts';
import { AMPLE, cases } from '../kit/cases.ts';
import { shapes } from '../kit/shapes.ts';
import { changesOf, snapshotOf, snapshotOfCluster } from '../kit/snapshot.ts';
import { StrictTable } from '../kit/strict-table.ts';

const CASES = cases(80);

/** Everything one object can be in the course of a sequence; the last is its absence. */
type History = readonly Change[];

function histories(clusters: readonly RandomCluster[]): readonly History[] {
  const byKey = new Map<string, Change[]>();
  for (const cluster of clusters) {
    for (const change of changesOf(snapshotOfCluster(cluster))) {
      const key = changedObject(change);
      byKey.set(key, [...(byKey.get(key) ?? []), change]);
    }
  }
  return [...byKey.values()].flatMap((versions) => {
    const [first] = versions;
    return first === undefined ? [] : [[...versions, { ...first, value: null } as Change]];
  });
}

const steps = fc.array(
  fc.record({
    object: fc.nat(),
    version: fc.nat(),
    /** What the loop does after this event: several may arrive before it gets its turn. */
    next: fc.constantFrom('wait', 'wait', 'commit', 'commit', 'commit', 'leave garbage', 'read back'),
  }),
  { minLength: 60, maxLength: 60 },
);

/** As if read from the kernel: plain objects that remember nothing. */
function readBack(table: ObservedTable): ObservedTable {
  const forget = <T extends object>(objects: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...objects].map(([name, object]) => [name, { ...object, source: null }]));
  const sets = [...table.sets].map(
    ([name, set]) => [name, { ...set, elements: new Set(set.elements) }] as const,
  );
  return {
    ...table,
    chains: forget(table.chains),
    sets: forget(new Map(sets)),
    maps: forget(table.maps),
  };
}

function freshly(ruleset: Ruleset): string {
  const table = new StrictTable();
  for (const { commands } of plan(ruleset, null).batches) table.commit(commands);
  return table.reachable();
}

test('any sequence of events leads where a full compile and a fresh table lead', () => {
  let looks = 0;
  fc.assert(
    fc.property(
      fc.tuple(cluster, cluster, cluster),
      steps,
      shapes,
      budgets,
      (clusters, sequence, shape, budget) => {
        const objects = histories(clusters);
        const podRanges = snapshotOf(clusters[0].nodes).nodes.get('node-a')?.podCidrs ?? [];
        const options = { node: 'node-a', podRanges, shapes: shape, budget };
        const compiler = new Compiler(options);
        const now = new Map<string, Change>();
        const kernel = new StrictTable();
        let observed: ObservedTable | null = null;
        for (const { object, version, next } of sequence) {
          const history = objects[object % objects.length];
          const change = history?.[version % history.length];
          if (change === undefined) throw new TypeError('a cluster has namespaces');
          now.set(changedObject(change), change);
          compiler.update(change);
          if (next === 'wait') continue;
          const { ruleset } = compiler.result();
          const { visible, garbage } = split(plan(ruleset, observed));
          for (const { commands } of visible.batches) kernel.commit(commands);
          observed = applyPlan(visible, observed);
          if (next !== 'leave garbage') {
            for (const { commands } of garbage.batches) kernel.commit(commands);
            observed = applyPlan(garbage, observed);
            // Objects of a compile of their own: everything is compared, nothing is recognised.
            const full = compile(snapshotAt(now), options).ruleset;
            expect(toText(ruleset)).toBe(toText(full));
            expect(plan(full, observed).batches).toEqual([]);
            expect(kernel.reachable()).toBe(freshly(full));
            looks += 1;
          }
          if (next === 'read back') observed = readBack(observed);
        }
      },
    ),
    { numRuns: CASES },
  );
  expect(looks).toBeGreaterThan(AMPLE ? CASES * 10 : 0);
});

function snapshotAt(now: ReadonlyMap<string, Change>): Snapshot {
  const snapshot = {
    namespaces: new Map(),
    pods: new Map(),
    policies: new Map(),
    nodes: new Map(),
  };
  for (const change of now.values()) {
    if (change.value === null) continue;
    if (change.kind === 'namespace') snapshot.namespaces.set(change.key, change.value);
    else if (change.kind === 'pod') snapshot.pods.set(change.key, change.value);
    else if (change.kind === 'policy') snapshot.policies.set(policyKey(change.ref), change.value);
  }
  return snapshot;
}
