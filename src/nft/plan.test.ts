import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cases } from '../../test/kit/cases.ts';
import { rulesetArbitrary, TABLE } from '../../test/kit/nft-rulesets.ts';
import { StrictTable } from '../../test/kit/strict-table.ts';
import { applyPlan } from './apply.ts';
import { type Batch, type Limits, UNLIMITED, UNPRIVILEGED_LIMITS } from './batch.ts';
import type { Chain, ChainName, NftSet, Ruleset, SetName } from './objects.ts';
import type { ObservedTable } from './observe.ts';
import { plan } from './plan.ts';

const EMPTY: Ruleset = { table: TABLE, chains: new Map(), sets: new Map(), maps: new Map() };
const RUNS = cases(100);

function settled(ruleset: Ruleset): ObservedTable {
  return applyPlan(plan(ruleset, null), null);
}

/** As after a restart: nothing is known of what the objects were written from. */
function forgetful(table: ObservedTable): ObservedTable {
  const forget = <T extends { readonly source: unknown }>(
    objects: ReadonlyMap<string, T>,
  ): ReadonlyMap<string, T> =>
    new Map([...objects].map(([name, object]) => [name, { ...object, source: null }]));
  return { ...table, chains: forget(table.chains), sets: forget(table.sets), maps: forget(table.maps) };
}

function chain(
  name: string,
  rules: Chain['rules'],
  hook: Chain['hook'] = null,
  fingerprint = `f-${name}`,
): Chain {
  return { name: name as ChainName, hook, rules, fingerprint };
}

function set(name: string, elements: readonly string[], interval = false): NftSet {
  const type = interval ? (['ipv4_addr', 'inet_proto'] as const) : (['ipv4_addr'] as const);
  return { name: name as SetName, type, interval, elements: new Set(elements) };
}

function ruleset(parts: { readonly chains?: readonly Chain[]; readonly sets?: readonly NftSet[] }): Ruleset {
  return {
    table: TABLE,
    chains: new Map((parts.chains ?? []).map((object) => [object.name, object])),
    sets: new Map((parts.sets ?? []).map((object) => [object.name, object])),
    maps: new Map(),
  };
}

const FORWARD = { type: 'filter', hook: 'forward', priority: -5, policy: 'accept' } as const;

describe('plan', () => {
  it('has nothing to do once it has been applied, whatever was there before', () => {
    fc.assert(
      fc.property(rulesetArbitrary(), rulesetArbitrary(), (before, after) => {
        const reached = applyPlan(plan(after, settled(before)), settled(before));
        expect(plan(after, reached).batches).toEqual([]);
        expect(plan(after, forgetful(reached)).batches).toEqual([]);
        expect(forgetful(reached)).toEqual(forgetful(settled(after)));
      }),
      { numRuns: RUNS },
    );
  });

  it('returns to the same state when a change is undone', () => {
    fc.assert(
      fc.property(rulesetArbitrary(), rulesetArbitrary(), (one, other) => {
        const there = applyPlan(plan(other, settled(one)), settled(one));
        expect(applyPlan(plan(one, there), there)).toEqual(settled(one));
      }),
      { numRuns: RUNS },
    );
  });

  it.each<[string, Limits]>([
    ['without limits', UNLIMITED],
    ['in a user namespace', UNPRIVILEGED_LIMITS],
    ['one object a batch', { maxCommands: 1, maxElements: 1 }],
  ])('never refers to what is missing nor deletes what is referred to, %s', (_, limits) => {
    fc.assert(
      fc.property(rulesetArbitrary(), rulesetArbitrary(), (before, after) => {
        const kernel = new StrictTable();
        const first = plan(before, null, limits);
        for (const { commands } of first.batches) kernel.commit(commands);
        const observed = applyPlan(first, null);
        for (const { commands } of plan(after, observed, limits).batches) kernel.commit(commands);
        const fresh = new StrictTable();
        for (const { commands } of plan(after, null).batches) fresh.commit(commands);
        expect(kernel.reachable()).toBe(fresh.reachable());
      }),
      { numRuns: RUNS },
    );
  });

  it.each<[string, Limits]>([
    ['in one batch only', UNLIMITED],
    ['in several where the limits ask for it', { maxCommands: 3, maxElements: 3 }],
  ])('changes what packets meet in switches only, %s', (_, limits) => {
    fc.assert(
      fc.property(rulesetArbitrary(), rulesetArbitrary(), (before, after) => {
        const kernel = new StrictTable();
        const first = plan(before, null, limits);
        const second = plan(after, applyPlan(first, null), limits);
        for (const { purpose, commands } of [...first.batches, ...second.batches]) {
          const met = kernel.reachable();
          kernel.commit(commands);
          if (purpose !== 'switch') expect(kernel.reachable()).toBe(met);
        }
        for (const { batches } of [first, second]) {
          if (limits === UNLIMITED)
            expect(batches.filter(({ purpose }) => purpose === 'switch').length).toBeLessThanOrEqual(1);
          const order = batches.map(({ purpose }) => ['stage', 'switch', 'collect'].indexOf(purpose));
          expect(order).toEqual(order.toSorted());
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('hooks the base chain last at the first installation', () => {
    const desired = ruleset({
      sets: [set('s', ['10.0.0.1'])],
      chains: [
        chain('hook', [{ statements: [{ kind: 'goto', chain: 'c' as ChainName }], note: '' }], FORWARD),
        chain('c', [{ statements: [{ kind: 'drop' }], note: '' }]),
      ],
    });
    const kinds = ({ commands }: Batch): readonly string[] =>
      commands.flatMap((command) => Object.keys('add' in command ? command.add : { deleted: null }));
    const [whole, ...none] = plan(desired, null).batches;
    expect([whole?.purpose, none]).toEqual(['switch', []]);
    expect(whole && kinds(whole)).toEqual([
      'table',
      'deleted',
      'table',
      'set',
      'chain',
      'rule',
      'chain',
      'rule',
    ]);
    expect(whole?.commands.at(-2)).toMatchObject({ add: { chain: { hook: 'forward' } } });
    const { batches } = plan(desired, null, { ...UNLIMITED, maxCommands: 4 });
    expect(batches.map(({ purpose }) => purpose)).toEqual(['stage', 'switch']);
    expect(JSON.stringify(batches[0])).not.toContain('"hook":"forward"');
    expect(batches[1] && kinds(batches[1])).toEqual(['chain', 'rule']);
  });

  it('writes only the elements that differ', () => {
    const before = ruleset({ sets: [set('s', ['10.0.0.1', '10.0.0.2'])] });
    const after = ruleset({ sets: [set('s', ['10.0.0.2', '10.0.0.3'])] });
    expect(plan(after, settled(before)).batches).toEqual([
      {
        purpose: 'switch',
        commands: [
          { delete: { element: { family: 'inet', table: 'policyd', name: 's', elem: ['10.0.0.1'] } } },
          {
            add: {
              set: { family: 'inet', table: 'policyd', name: 's', type: 'ipv4_addr', elem: ['10.0.0.3'] },
            },
          },
        ],
      },
    ]);
  });

  it('deletes and adds an element whose verdict changes in one batch', () => {
    const map = (kind: 'accept' | 'drop'): Ruleset => ({
      ...EMPTY,
      maps: new Map([
        [
          'm' as SetName,
          { name: 'm' as SetName, type: ['ipv4_addr'], elements: new Map([['10.0.0.1', { kind }]]) },
        ],
      ]),
    });
    const { batches } = plan(map('drop'), settled(map('accept')));
    expect(batches.map(({ purpose }) => purpose)).toEqual(['switch']);
    expect(batches[0]?.commands.map((command) => Object.keys(command)[0])).toEqual(['delete', 'add']);
  });

  it('rewrites a chain in which a rule is missing, foreign or out of place, and no other', () => {
    const rules = [
      { statements: [{ kind: 'counter' }], note: 'one' },
      { statements: [{ kind: 'drop' }], note: 'two' },
    ] as const;
    const desired = ruleset({ chains: [chain('c', rules), chain('d', rules)] });
    const observed = settled(desired);
    const present = observed.chains.get('c');
    if (!present) throw new Error('c is not there');
    for (const damage of [{ fingerprint: null }, { rules: 1 }, { rules: 3 }, { fingerprint: 'f-other' }]) {
      const chains = new Map(observed.chains).set('c', { ...present, ...damage, source: null });
      const { batches } = plan(desired, { ...observed, chains });
      expect(batches.map(({ purpose }) => purpose)).toEqual(['switch']);
      expect(JSON.stringify(batches[0]?.commands)).not.toContain('"d"');
      expect(batches[0]?.commands.map((command) => Object.keys(command)[0])).toEqual(['flush', 'add', 'add']);
    }
  });

  it.each<[string, (observed: ObservedTable) => ObservedTable]>([
    ['a set of another type', (table) => withSet(table, { type: ['ipv6_addr'], interval: false })],
    ['a set with intervals', (table) => withSet(table, { type: ['ipv4_addr'], interval: true })],
    ['a set that is not understood', (table) => withSet(table, null)],
    ['an object of a foreign kind', (table) => ({ ...table, foreign: ['flowtable'] })],
    ['a table that was switched off', (table) => ({ ...table, foreign: ['table flag dormant'] })],
    ['another priority', (table) => withPriority(table, 3)],
    ['a lost hook', (table) => withPriority(table, null)],
  ])('replaces the whole table in one batch because of %s', (_, damage) => {
    const desired = ruleset({ sets: [set('s', ['10.0.0.1'])], chains: [chain('hook', [], FORWARD)] });
    const { batches } = plan(desired, damage(forgetful(settled(desired))));
    expect(batches.map(({ purpose }) => purpose)).toEqual(['switch']);
    expect(batches[0]?.commands.slice(0, 3).map((command) => Object.keys(command)[0])).toEqual([
      'add',
      'delete',
      'add',
    ]);
    const replaced = applyPlan({ desired, batches }, damage(settled(desired)));
    expect(replaced).toEqual(settled(desired));
  });

  it('unhooks a foreign base chain at once and deletes other foreign objects one batch later', () => {
    const desired = ruleset({ sets: [set('s', ['10.0.0.1'])] });
    const foreign = ruleset({
      sets: [set('s', []), set('x', [])],
      chains: [chain('y', []), chain('hook_of_somebody', [], FORWARD)],
    });
    const { batches } = plan(desired, settled(foreign));
    expect(batches.map(({ purpose }) => purpose)).toEqual(['switch', 'collect']);
    expect(JSON.stringify(batches[0])).toContain('"hook_of_somebody"');
    expect(batches[1]?.commands.map((command) => JSON.stringify(command))).toEqual([
      expect.stringContaining('"y"'),
      expect.stringContaining('"x"'),
    ]);
  });

  it('does not look into an object that is the same as last time', () => {
    const elements: ReadonlySet<string> = new Set(['10.0.0.1']);
    const same: NftSet = { name: 's' as SetName, type: ['ipv4_addr'], interval: false, elements };
    const desired: Ruleset = { ...EMPTY, sets: new Map([[same.name, same]]) };
    const observed = settled(desired);
    const tripwire: ReadonlySet<string> = new Proxy(elements, {
      get() {
        throw new Error('looked into');
      },
    });
    const present = observed.sets.get('s');
    if (!present) throw new Error('s is not there');
    const guarded = { ...observed, sets: new Map([['s', { ...present, elements: tripwire }]]) };
    expect(plan(desired, guarded).batches).toEqual([]);
    const changed = { ...desired, sets: new Map([[same.name, { ...same }]]) };
    expect(() => plan(changed, guarded)).toThrow('looked into');
  });

  it('cuts a large set into commands that fit the limits', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
    const { batches } = plan(ruleset({ sets: [set('s', many)] }), null, {
      maxCommands: 10,
      maxElements: 300,
    });
    expect(batches.length).toBeGreaterThanOrEqual(4);
    expect(applyPlan({ desired: EMPTY, batches }, null).sets.get('s')?.elements.size).toBe(1000);
  });
});

function withSet(
  table: ObservedTable,
  shape: { type: readonly ('ipv4_addr' | 'ipv6_addr')[]; interval: boolean } | null,
): ObservedTable {
  return {
    ...table,
    sets: new Map([['s', { name: 's', shape, elements: new Set<string>(), source: null }]]),
  };
}

function withPriority(table: ObservedTable, priority: number | null): ObservedTable {
  const chains = new Map(table.chains);
  const hook = chains.get('hook');
  if (!hook) throw new Error('no hook');
  chains.set('hook', {
    ...hook,
    hook: priority === null ? null : { ...FORWARD, device: null, priority },
    source: null,
  });
  return { ...table, chains };
}
