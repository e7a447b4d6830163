import { describe, expect, it } from 'vitest';
import { StrictTable } from '../../test/kit/strict-table.ts';
import { applyPlan } from './apply.ts';
import { type Batch, halved, UNLIMITED, UNPRIVILEGED_LIMITS } from './batch.ts';
import type { Chain, ChainName, NftMap, NftSet, Ruleset, SetName, Statement } from './objects.ts';
import { plan } from './plan.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;
const LIMITS = UNPRIVILEGED_LIMITS;
const PODS = Array.from({ length: 100 }, (_, index) => `10.0.0.${index + 1}`);

function address(index: number): string {
  return `10.1.${index >> 8}.${index & 255}`;
}

function named<T extends { readonly name: string }>(objects: readonly T[]): ReadonlyMap<T['name'], T> {
  return new Map(objects.map((object) => [object.name, object]));
}

function chain(
  name: string,
  statements: readonly (readonly Statement[])[],
  hook: Chain['hook'] = null,
): Chain {
  const rules = statements.map((list) => ({ statements: list, note: '' }));
  return { name: name as ChainName, hook, rules, fingerprint: `f${JSON.stringify(rules).length}` };
}

function set(name: string, elements: Iterable<string>): NftSet {
  return { name: name as SetName, type: ['ipv4_addr'], interval: false, elements: new Set(elements) };
}

const goto = (name: string): Statement => ({ kind: 'goto', chain: name as ChainName });

/** Pods isolated in both directions; who may come in is the set, and `closed` are dropped without a connection. */
function ruleset(peers: number, closed: readonly string[], rules = 'rules_a'): Ruleset {
  const lookup = (name: string): Statement => ({
    kind: 'match',
    left: { kind: 'address', field: 'saddr', family: 4 },
    op: '==',
    right: { kind: 'set', name: name as SetName },
  });
  const map = (direction: 'in' | 'out'): NftMap => ({
    name: `${direction}_4` as SetName,
    type: ['ipv4_addr'],
    elements: new Map(
      PODS.map((pod, index) => [pod, { kind: 'goto', chain: `${direction}_${index}` as ChainName }]),
    ),
  });
  const vmap = (name: string): readonly Statement[] => [
    { kind: 'vmap', key: { kind: 'address', field: 'saddr', family: 4 }, map: name as SetName },
  ];
  const chains = [
    chain('hook', [[lookup('closed'), { kind: 'drop' }], vmap('in_4'), vmap('out_4'), [{ kind: 'drop' }]], {
      type: 'filter',
      hook: 'forward',
      priority: -5,
      policy: 'accept',
    }),
    chain(rules, [[lookup('peers'), { kind: 'accept' }], [{ kind: 'drop' }]]),
    ...PODS.flatMap((_, index) =>
      ['in', 'out'].map((direction) => chain(`${direction}_${index}`, [[{ kind: 'counter' }, goto(rules)]])),
    ),
  ];
  const sets = [
    set(
      'peers',
      Array.from({ length: peers }, (_, index) => address(index)),
    ),
    set('closed', closed),
  ];
  return { table: TABLE, chains: named(chains), sets: named(sets), maps: named([map('in'), map('out')]) };
}

function steps(before: Ruleset, after: Ruleset): readonly Batch[] {
  const first = plan(before, null);
  const { batches } = plan(after, applyPlan(first, null), LIMITS);
  const kernel = new StrictTable();
  for (const { commands } of [...first.batches, ...batches]) kernel.commit(commands);
  const fresh = new StrictTable();
  for (const { commands } of plan(after, null).batches) fresh.commit(commands);
  expect(kernel.reachable()).toBe(fresh.reachable());
  return batches.filter(({ purpose }) => purpose === 'switch');
}

/** Names of what each batch takes elements from, rewrites, and gives elements to. */
function summary({ commands }: Batch): readonly string[] {
  return [
    ...new Set(
      commands.map((command) => {
        if ('flush' in command) return 'chain' in command.flush ? `- ${command.flush.chain.name}` : '?';
        if ('delete' in command)
          return 'element' in command.delete ? `- ${command.delete.element.name}` : '?';
        const { add } = command;
        return `+ ${'rule' in add ? add.rule.chain : Object.values(add)[0]?.name}`;
      }),
    ),
  ];
}

describe('a switch', () => {
  it('is one transaction where it fits', () => {
    expect(steps(ruleset(10, []), ruleset(2000, PODS.slice(0, 5)))).toHaveLength(1);
  });

  it('that makes a set grow beyond the limits adds in several transactions', () => {
    const batches = steps(ruleset(10, []), ruleset(10_000, []));
    expect(batches.length).toBeGreaterThanOrEqual(4);
    expect(batches.map(summary)).toEqual(batches.map(() => ['+ peers']));
  });

  it('takes away what admits before it gives, and gives what drops before it takes it away', () => {
    const before = ruleset(6_000, PODS.slice(0, 50));
    const after: Ruleset = {
      ...ruleset(0, PODS.slice(50)),
      sets: named([
        set(
          'peers',
          Array.from({ length: 6_000 }, (_, index) => address(index + 3_000)),
        ),
        set('closed', PODS.slice(50)),
      ]),
    };
    const order = steps(before, after).flatMap(summary);
    expect(order.indexOf('+ closed')).toBe(0);
    expect(order.lastIndexOf('- peers')).toBeLessThan(order.indexOf('+ peers'));
    expect(order.lastIndexOf('- closed')).toBe(order.length - 1);
  });

  it('that rewrites many pods keeps both directions of each in one transaction', () => {
    const batches = steps(ruleset(1, [], 'rules_a'), ruleset(1, [], 'rules_bb'));
    expect(batches.length).toBeGreaterThan(1);
    for (const batch of batches) {
      const touched = summary(batch).map((text) => text.replace(/^. (in|out)_/, ''));
      for (const pod of new Set(touched)) expect(touched.filter((each) => each === pod)).toHaveLength(4);
    }
  });
});

describe('limits', () => {
  it('are halved from none to those of a user namespace, and never below one command', () => {
    expect(halved(UNLIMITED)).toEqual(UNPRIVILEGED_LIMITS);
    expect(halved(UNPRIVILEGED_LIMITS)).toEqual({ maxCommands: 125, maxElements: 1250 });
    expect(halved({ maxCommands: 1, maxElements: 1 })).toEqual({ maxCommands: 1, maxElements: 1 });
  });
});
