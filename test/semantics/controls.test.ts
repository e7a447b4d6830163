/**
 * Controls: the comparisons of the cases can fail. A compiled ruleset is broken by one object at a time; for
 * every kind of breakage some case must say so.
 */
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import type { Snapshot } from '../../src/model/cluster.ts';
import type { Ruleset } from '../../src/nft/objects.ts';
import { type Walkable, walkableFromRuleset } from '../../src/nft/walk.ts';
import { snapshotOf } from '../kit/snapshot.ts';
import { compare } from '../kit/walking.ts';
import type { SemanticCase } from './case.ts';
import { CASES } from './cases.ts';
import { judge } from './judge.ts';
import { MUTATION_KINDS } from './mutations.ts';

interface Compiled {
  readonly semanticCase: SemanticCase;
  readonly snapshot: Snapshot;
  readonly rulesets: ReadonlyMap<string, Ruleset>;
}

const COMPILED: readonly Compiled[] = CASES.map((semanticCase) => {
  const snapshot = snapshotOf(semanticCase.objects);
  const rulesets = new Map(
    [...snapshot.nodes.values()].map((node) => [
      node.name,
      compile(snapshot, { node: node.name, podRanges: node.podCidrs }).ruleset,
    ]),
  );
  return { semanticCase, snapshot, rulesets };
});

/** Of no kind are all mutations seen: a rule may be doubled by another, a set be smaller than its case. */
const ENOUGH = 3;

/** The case's flows, judged with one node's ruleset broken: is there a difference? */
function notices({ semanticCase, snapshot, rulesets }: Compiled, node: string, broken: Ruleset): boolean {
  const walkables: ReadonlyMap<string, Walkable> = new Map(
    [...rulesets].map(([name, ruleset]) => [name, walkableFromRuleset(name === node ? broken : ruleset)]),
  );
  const { wanted, found } = judge(
    semanticCase,
    (flow) => compare(snapshot, walkables, flow).kernel === 'allow',
  );
  return found.some((line, index) => line !== wanted[index]);
}

describe('a ruleset broken by one object is noticed by a case', () => {
  test.each(Object.entries(MUTATION_KINDS))('when %s', (_what, mutate) => {
    const noticed: string[] = [];
    for (const compiled of COMPILED) {
      for (const [node, ruleset] of compiled.rulesets) {
        for (const { what, ruleset: broken } of mutate(ruleset)) {
          if (noticed.length >= ENOUGH) return;
          if (notices(compiled, node, broken)) noticed.push(`${compiled.semanticCase.sentence}: ${what}`);
        }
      }
    }
    expect(noticed.length).toBeGreaterThanOrEqual(ENOUGH);
  });

  test('the control of the control: nothing is noticed where nothing is broken', () => {
    for (const compiled of COMPILED) {
      for (const [node, ruleset] of compiled.rulesets)
        expect(notices(compiled, node, { ...ruleset })).toBe(false);
    }
  });
});

describe('a policy chain broken by one rule is noticed by the case it was compiled for', () => {
  test('in at least nine of ten of the drops that end a chain', () => {
    // The others close a pod or a direction that the case's flows do not enter.
    let tried = 0;
    const unnoticed: string[] = [];
    for (const compiled of COMPILED) {
      if (!compiled.semanticCase.flows.some(({ allow }) => !allow)) continue;
      for (const [node, ruleset] of compiled.rulesets) {
        for (const chain of ruleset.chains.values()) {
          if (!/^r(?:in|out)_/.test(chain.name)) continue;
          const open = chain.rules.map((rule, index) =>
            index === chain.rules.length - 1 ? { ...rule, statements: [{ kind: 'accept' as const }] } : rule,
          );
          const broken = {
            ...ruleset,
            chains: new Map(ruleset.chains).set(chain.name, { ...chain, rules: open }),
          };
          tried += 1;
          if (!notices(compiled, node, broken))
            unnoticed.push(`${compiled.semanticCase.sentence}: ${chain.name}`);
        }
      }
    }
    expect(tried).toBeGreaterThan(100);
    expect(unnoticed.length, unnoticed.join('\n')).toBeLessThan(tried / 10);
  });
});
