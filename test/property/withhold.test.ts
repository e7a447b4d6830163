/** Leaving out what the kernel refused: it is gone, nothing dangles, and nobody is less isolated. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import type { CompiledTable } from '../../src/compile/compiled.ts';
import { CLOSED, canWithhold, type Refusal, ruleText, withhold } from '../../src/compile/withhold.ts';
import { familyOf } from '../../src/model/address.ts';
import { parseAddress } from '../../src/net/address.ts';
import { firstPacket } from '../../src/nft/packet.ts';
import { plan } from '../../src/nft/plan.ts';
import { walk, walkableFromRuleset } from '../../src/nft/walk.ts';
import { cluster, EXTERNAL } from '../kit/arbitraries.ts';
import { AMPLE, cases } from '../kit/cases.ts';
import { shapes } from '../kit/shapes.ts';
import { snapshotOfCluster } from '../kit/snapshot.ts';
import { StrictTable } from '../kit/strict-table.ts';

const CASES = cases(100);

function everything({ ruleset }: CompiledTable): readonly Refusal[] {
  return [
    ...[...ruleset.sets.values()].flatMap(({ name, elements }): readonly Refusal[] => [
      { kind: 'set', name },
      ...[...elements].slice(0, 2).map((element): Refusal => ({ kind: 'element', name, element })),
    ]),
    ...[...ruleset.chains.values()].flatMap(({ name, rules }): readonly Refusal[] => [
      { kind: 'chain', name },
      ...rules.map((rule): Refusal => ({ kind: 'rule', rule: ruleText(rule) })),
    ]),
  ];
}

/** Of what policies and pods brought; what serves everybody is never left out. */
function possible(compiled: CompiledTable): readonly Refusal[] {
  const texts = new Set(
    [...compiled.origins].flatMap(([name, origins]) =>
      (compiled.ruleset.chains.get(name)?.rules ?? [])
        .filter((_, index) => (origins[index] ?? []).length > 0)
        .map(ruleText),
    ),
  );
  return everything(compiled).filter(
    (refusal) => (refusal.kind !== 'rule' || texts.has(refusal.rule)) && canWithhold(refusal, compiled),
  );
}

function isIn(refusal: Refusal, { ruleset }: CompiledTable): boolean {
  switch (refusal.kind) {
    case 'chain':
      return ruleset.chains.has(refusal.name);
    case 'set':
      return ruleset.sets.has(refusal.name);
    case 'element':
      return ruleset.sets.get(refusal.name)?.elements.has(refusal.element) ?? false;
    case 'rule':
      return [...ruleset.chains.values()].some(({ rules }) =>
        rules.some((rule) => ruleText(rule) === refusal.rule),
      );
  }
}

test('what is left out is gone, what is left is whole, and no packet is accepted that was dropped', () => {
  const counts = { closed: 0, tightened: 0, same: 0 };
  fc.assert(
    fc.property(
      cluster,
      fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      shapes,
      (random, choices, shape) => {
        const snapshot = snapshotOfCluster(random);
        const podRanges = snapshot.nodes.get('node-a')?.podCidrs ?? [];
        const full = compile(snapshot, { node: 'node-a', podRanges, shapes: shape });
        const candidates = possible(full);
        if (candidates.length === 0) return;
        const refusals = choices.flatMap((choice) => candidates[choice % candidates.length] ?? []);
        const less = withhold(full, refusals);
        for (const refusal of refusals)
          expect({ refusal, in: isIn(refusal, less) }).toEqual({ refusal, in: false });
        const kernel = new StrictTable();
        for (const { commands } of plan(less.ruleset, null).batches) kernel.commit(commands);
        if (less.ruleset.chains.has(CLOSED)) counts.closed += 1;

        const [before, after] = [full, less].map(({ ruleset }) => walkableFromRuleset(ruleset));
        if (!before || !after) throw new TypeError('two rulesets were made');
        const addresses = [
          ...[...snapshot.pods.values()].flatMap((pod) => pod.addresses),
          ...EXTERNAL.flatMap((text) => parseAddress(text) ?? []),
        ];
        for (const source of addresses) {
          for (const destination of addresses) {
            if (familyOf(source) !== familyOf(destination)) continue;
            const packet = firstPacket({
              source,
              destination,
              transport: { kind: 'ports', protocol: 'TCP', port: 8080 },
            });
            const verdicts = [walk([before], packet).verdict, walk([after], packet).verdict];
            expect({ packet, verdicts }).not.toEqual({ packet, verdicts: ['drop', 'accept'] });
            if (source === destination) expect(verdicts[1]).toBe(verdicts[0]);
            counts[verdicts[0] === verdicts[1] ? 'same' : 'tightened'] += 1;
          }
        }
      },
    ),
    { numRuns: CASES, endOnFailure: true },
  );
  if (!AMPLE) return;
  expect(counts.closed).toBeGreaterThan(CASES / 20);
  expect(counts.tightened).toBeGreaterThan(CASES / 2);
  expect(counts.same).toBeGreaterThan(counts.tightened);
});
