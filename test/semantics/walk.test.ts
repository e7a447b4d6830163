/** The semantic cases through the compiled rulesets of every node: what the kernel is told to do. */
import { expect, test } from 'vitest';
import { snapshotOf } from '../kit/snapshot.ts';
import { compare, compileAll, crossesForward } from '../kit/walking.ts';
import { CASES } from './cases.ts';
import { judge } from './judge.ts';

for (const semanticCase of CASES) {
  test(`${semanticCase.id} ${semanticCase.sentence}`, () => {
    const snapshot = snapshotOf(semanticCase.objects);
    const walkables = compileAll(snapshot);
    const first = judge(semanticCase, (flow) => {
      expect({ flow, crosses: crossesForward(snapshot, flow) }).toEqual({ flow, crosses: true });
      return compare(snapshot, walkables, flow).kernel === 'allow';
    });
    expect(first.found).toEqual(first.wanted);
    const replies = judge(semanticCase, (flow) => compare(snapshot, walkables, flow).reply === 'allow');
    expect(replies.found, 'B4: replies of an allowed flow, and only of one, pass').toEqual(replies.wanted);
  });
}
