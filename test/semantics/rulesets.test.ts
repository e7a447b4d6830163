/** What holds for every ruleset, whatever the cluster: read from the objects, without a packet. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import type { Chain, Expression, Rule, Ruleset, Statement } from '../../src/nft/objects.ts';
import { cluster } from '../kit/arbitraries.ts';
import { cases } from '../kit/cases.ts';
import { snapshotOfCluster } from '../kit/snapshot.ts';

const CASES = cases(100);

/** The one chain that is left by falling off its end: it only takes packets out, and is only jumped to. */
const RETURNING = ['midstream'];

function everyRuleset(check: (ruleset: Ruleset) => void): void {
  fc.assert(
    fc.property(cluster, fc.boolean(), (random, quarantine) => {
      const snapshot = snapshotOfCluster(random);
      for (const node of snapshot.nodes.values())
        check(compile(snapshot, { node: node.name, podRanges: quarantine ? node.podCidrs : [] }).ruleset);
    }),
    { numRuns: CASES },
  );
}

function isConditional({ kind }: Statement): boolean {
  return kind === 'match' || kind === 'tcpFlagsNotSyn' || kind === 'vmap';
}

function isVerdict(statement: Statement | undefined): boolean {
  return statement?.kind === 'accept' || statement?.kind === 'drop' || statement?.kind === 'goto';
}

/** The last rule takes every packet and ends the chain for it. */
function endsInVerdict({ rules }: Pick<Chain, 'rules'>): boolean {
  const last: Rule | undefined = rules.at(-1);
  return last !== undefined && !last.statements.some(isConditional) && isVerdict(last.statements.at(-1));
}

function statementsOf(ruleset: Ruleset): readonly Statement[] {
  return [...ruleset.chains.values()].flatMap(({ rules }) => rules.flatMap(({ statements }) => statements));
}

function width(expression: Expression): number {
  return expression.kind === 'concat' ? expression.parts.length : 1;
}

test('every chain ends in a verdict, but the one that is only jumped to and only drops', () => {
  everyRuleset((ruleset) => {
    const open = [...ruleset.chains.values()]
      .filter((chain) => !endsInVerdict(chain))
      .map(({ name }) => name);
    expect(open).toEqual(RETURNING);
    const inside = [...ruleset.chains.values()]
      .filter(({ name }) => RETURNING.includes(name))
      .flatMap(({ rules }) => rules.flatMap(({ statements }) => statements));
    expect(inside.filter(isVerdict).every(({ kind }) => kind === 'drop')).toBe(true);
    for (const statement of statementsOf(ruleset)) {
      if (statement.kind === 'goto') expect(RETURNING).not.toContain(statement.chain);
    }
    // A chain that is jumped to comes back only by falling off its end, and only the returning one does.
    const jumped = statementsOf(ruleset).flatMap((each) => (each.kind === 'jump' ? [each.chain] : []));
    expect(new Set(jumped)).toEqual(new Set([...RETURNING, 'stage_out']));
  });
});

test('the check of the chains’ ends can fail', () => {
  const drop: Rule = { statements: [{ kind: 'counter' }, { kind: 'drop' }], note: '' };
  const conditional: Rule = { statements: [{ kind: 'tcpFlagsNotSyn' }, { kind: 'drop' }], note: '' };
  expect(endsInVerdict({ rules: [conditional, drop] })).toBe(true);
  expect(endsInVerdict({ rules: [drop, conditional] })).toBe(false);
  expect(endsInVerdict({ rules: [{ statements: [{ kind: 'counter' }], note: '' }] })).toBe(false);
  expect(endsInVerdict({ rules: [] })).toBe(false);
});

test('whatever is pointed to is there, of the right width, and nothing is there that nobody points to', () => {
  everyRuleset((ruleset) => {
    const chains = new Set<string>(
      [...ruleset.chains.values()].flatMap(({ name, hook }) => (hook === null ? [] : [name])),
    );
    const sets = new Set<string>();
    const maps = new Set<string>();
    for (const statement of statementsOf(ruleset)) {
      if (statement.kind === 'jump' || statement.kind === 'goto') chains.add(statement.chain);
      if (statement.kind === 'vmap') {
        maps.add(statement.map);
        expect(ruleset.maps.get(statement.map)?.type).toHaveLength(width(statement.key));
      }
      if (statement.kind === 'match' && statement.right.kind === 'set') {
        sets.add(statement.right.name);
        expect(ruleset.sets.get(statement.right.name)?.type).toHaveLength(width(statement.left));
      }
    }
    for (const { elements } of ruleset.maps.values())
      for (const verdict of elements.values()) if (verdict.kind === 'goto') chains.add(verdict.chain);
    expect([...chains].sort()).toEqual([...ruleset.chains.keys()]);
    expect([...sets].sort()).toEqual([...ruleset.sets.keys()]);
    expect([...maps].sort()).toEqual([...ruleset.maps.keys()]);
  });
});

test('every isolated pod’s chain ends in a counted drop, and interval sets are concatenations', () => {
  everyRuleset((ruleset) => {
    for (const { name, rules } of ruleset.chains.values()) {
      if (!/^r(?:in|out)_/.test(name)) continue;
      expect(rules.at(-1)?.statements.map(({ kind }) => kind)).toEqual(['counter', 'drop']);
    }
    for (const { name, interval, type, elements } of ruleset.sets.values()) {
      // A plain interval set that can grow makes every write as slow as reading all of it.
      if (interval) expect(type.length).toBeGreaterThan(1);
      // Without ranges, and while nobody waits for an address, those of the skeleton are empty.
      if (name.startsWith('net_')) expect(elements.size).toBeGreaterThan(0);
    }
  });
});
