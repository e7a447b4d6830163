/** Who loses follows from what there is, and everybody else keeps what they ask for. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policyKey } from '../model/policy-ref.ts';
import type { SetName } from '../nft/objects.ts';
import type { Amounts, Budget } from './budget.ts';
import { overBudget, type PolicyCost, type PolicyCosts, type SetCosts } from './over-budget.ts';

const ENDLESS = Number.POSITIVE_INFINITY;
const NO_LIMIT: Amounts = { rules: ENDLESS, sets: ENDLESS, elements: ENDLESS, peers: ENDLESS };
const NOTHING: Budget = { policy: NO_LIMIT, namespace: NO_LIMIT, node: NO_LIMIT };

function cost(namespace: string, name: string, rules: number, ...sets: readonly string[]): PolicyCost {
  const policy = { kind: 'NetworkPolicy', namespace, name } as const;
  return { policy, rules, sets: new Set(sets.map((set) => set as SetName)) };
}

function costsOf(list: readonly PolicyCost[]): PolicyCosts {
  return new Map(list.map((each) => [policyKey(each.policy), each]));
}

function setsOf(sizes: Readonly<Record<string, number>>): SetCosts {
  return new Map(Object.entries(sizes).map(([name, elements]) => [name as SetName, { elements, peers: 1 }]));
}

const losers = (
  list: readonly PolicyCost[],
  sizes: Readonly<Record<string, number>>,
  budget: Partial<Budget>,
) =>
  [...overBudget(costsOf(list), setsOf(sizes), { ...NOTHING, ...budget })].map(
    ([key, { message }]) => `${key}: ${message}`,
  );

test('a policy that is too much alone loses, with its figures', () => {
  const list = [cost('a', 'large', 1200), cost('a', 'small', 10)];
  expect(losers(list, {}, { policy: { ...NO_LIMIT, rules: 1000 } })).toEqual([
    'a/large: closed instead: it comes to 1,200 rules, and may come to 1,000',
  ]);
});

test('of a namespace the largest lose until the rest is within it, and no other namespace pays', () => {
  const list = [cost('a', 'x', 40), cost('a', 'y', 50), cost('a', 'z', 50), cost('b', 'x', 90)];
  expect(losers(list, {}, { namespace: { ...NO_LIMIT, rules: 95 } })).toEqual([
    'a/z: closed instead: with all of namespace a it comes to 140 rules, and may come to 95',
  ]);
});

test('of a node the namespace that asks for most gives, the largest first', () => {
  const list = [cost('a', 'x', 30), cost('a', 'y', 31), cost('a', 'z', 32), cost('b', 'only', 60)];
  const keys = overBudget(costsOf(list), new Map(), { ...NOTHING, node: { ...NO_LIMIT, rules: 125 } });
  expect([...keys.keys()]).toEqual(['a/z']);
});

test('a set that several look up counts once for all of them', () => {
  const list = [cost('a', 'x', 1, 'shared', 'own'), cost('a', 'y', 1, 'shared')];
  const sizes = { shared: 100, own: 5 };
  expect(losers(list, sizes, { namespace: { ...NO_LIMIT, elements: 105 } })).toEqual([]);
  expect(losers(list, sizes, { namespace: { ...NO_LIMIT, elements: 104 } })).toEqual([
    'a/x: closed instead: with all of namespace a it comes to 105 elements, and may come to 104',
  ]);
  expect(losers(list, sizes, { node: { ...NO_LIMIT, sets: 1 } })).toHaveLength(1);
});

const amounts = fc.record({ rules: fc.nat(60), sets: fc.nat(8), elements: fc.nat(80), peers: fc.nat(8) });
const someCost = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(4), fc.nat(30), fc.subarray(['s', 't', 'u', 'v', 'w']))
  .map(([namespace, name, rules, sets]) => cost(namespace, `p${name}`, rules, ...sets));

test('in whatever order: the same lose, and who is left keeps to every limit', () => {
  let lost = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(someCost, { selector: ({ policy }) => policyKey(policy), maxLength: 12 }),
      fc.record({ policy: amounts, namespace: amounts, node: amounts }),
      fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
      (list, budget, order) => {
        const sets = setsOf({ s: 1, t: 5, u: 9, v: 20, w: 30 });
        const refused = overBudget(costsOf(list), sets, budget);
        const shuffled = list
          .map((each, index) => ({ each, at: order[index] ?? 0 }))
          .sort((a, b) => a.at - b.at);
        const again = overBudget(costsOf(shuffled.map(({ each }) => each)), sets, budget);
        expect([...again].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(
          [...refused].sort(([a], [b]) => (a < b ? -1 : 1)),
        );
        lost += refused.size;
        const left = list.filter(({ policy }) => !refused.has(policyKey(policy)));
        for (const each of left) within([each], sets, budget.policy);
        for (const namespace of ['a', 'b', 'c'])
          within(
            left.filter(({ policy }) => policy.namespace === namespace),
            sets,
            budget.namespace,
          );
        within(left, sets, budget.node);
      },
    ),
  );
  expect(lost).toBeGreaterThan(50);
});

function within(list: readonly PolicyCost[], sets: SetCosts, limit: Amounts): void {
  const names = new Set(list.flatMap((each) => [...each.sets]));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const got: Amounts = {
    rules: sum(list.map(({ rules }) => rules)),
    sets: names.size,
    elements: sum([...names].map((name) => sets.get(name)?.elements ?? 0)),
    peers: names.size,
  };
  for (const [resource, most] of Object.entries(limit))
    expect(got[resource as keyof Amounts]).toBeLessThanOrEqual(most);
}
