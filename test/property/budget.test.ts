/** Over the budget nobody is less isolated: what the full ruleset drops is dropped. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Compiler } from '../../src/compile/compiler.ts';
import { familyOf } from '../../src/model/address.ts';
import type { Snapshot } from '../../src/model/cluster.ts';
import { policyKey } from '../../src/model/policy-ref.ts';
import { parseAddress } from '../../src/net/address.ts';
import { firstPacket } from '../../src/nft/packet.ts';
import { type Walkable, walk, walkableFromRuleset } from '../../src/nft/walk.ts';
import { cluster, EXTERNAL } from '../kit/arbitraries.ts';
import { budgets } from '../kit/budgets.ts';
import { AMPLE, cases } from '../kit/cases.ts';
import { shapes } from '../kit/shapes.ts';
import { changesOf, snapshotOfCluster } from '../kit/snapshot.ts';

const CASES = cases(100);

function filled(compiler: Compiler, snapshot: Snapshot): Compiler {
  for (const change of changesOf(snapshot)) compiler.update(change);
  return compiler;
}

test('no packet is accepted that the whole ruleset drops, and each policy that is closed is named', () => {
  const counts = { closed: 0, tightened: 0, same: 0 };
  fc.assert(
    fc.property(cluster, budgets, shapes, (random, budget, shape) => {
      const snapshot = snapshotOfCluster(random);
      const options = { node: 'node-a', podRanges: [], shapes: shape };
      const [full, kept] = [new Compiler(options), new Compiler({ ...options, budget })].map((each) =>
        filled(each, snapshot),
      );
      if (!full || !kept) throw new TypeError('two compilers were made');
      const walkables = [full, kept].map((each): readonly Walkable[] => [
        walkableFromRuleset(each.result().ruleset),
      ]);
      const [before, after] = walkables;
      if (!before || !after) throw new TypeError('two rulesets were made');
      const refused = kept.refused();
      expect(full.refused()).toEqual([]);
      counts.closed += refused.length;
      for (const { policy } of refused) expect(snapshot.policies.has(policyKey(policy))).toBe(true);
      const addresses = [
        ...[...snapshot.pods.values()].flatMap((pod) => pod.addresses),
        ...EXTERNAL.flatMap((text) => parseAddress(text) ?? []),
      ];
      for (const source of addresses) {
        for (const destination of addresses) {
          if (familyOf(source) !== familyOf(destination)) continue;
          const transport = { kind: 'ports', protocol: 'TCP', port: 8080 } as const;
          const packet = firstPacket({ source, destination, transport });
          const verdicts = [walk(before, packet).verdict, walk(after, packet).verdict];
          expect({ packet, verdicts }).not.toEqual({ packet, verdicts: ['drop', 'accept'] });
          counts[verdicts[0] === verdicts[1] ? 'same' : 'tightened'] += 1;
        }
      }
      if (refused.length === 0) expect(kept.result().ruleset).toEqual(full.result().ruleset);
    }),
    { numRuns: CASES, endOnFailure: true },
  );
  if (!AMPLE) return;
  expect(counts.closed).toBeGreaterThan(CASES / 8);
  expect(counts.tightened).toBeGreaterThan(CASES);
});
