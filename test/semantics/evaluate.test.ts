/** The semantic cases through policy/evaluate: what the policies mean. */
import { expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.ts';
import { snapshotOf } from '../kit/snapshot.ts';
import { CASES } from './cases.ts';
import { judge } from './judge.ts';

for (const semanticCase of CASES) {
  test(`${semanticCase.id} ${semanticCase.sentence}`, () => {
    const snapshot = snapshotOf(semanticCase.objects);
    const { wanted, found } = judge(semanticCase, (flow) => evaluate(snapshot, flow).allowance === 'allow');
    expect(found).toEqual(wanted);
  });
}

test('every line of the reference that a first packet can show has a case with a denial, or is a line of allowances', () => {
  const lines = [
    ...['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8', 'B1', 'B2', 'B3', 'B4', 'B5', 'B6'],
    ...['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'E1', 'E2', 'E3', 'E4'],
    ...['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'H3', 'H4', 'H5', 'I2', 'I3', 'I4', 'I6', 'J1'],
  ];
  const judged = (allow: boolean): ReadonlySet<string> =>
    new Set(CASES.filter(({ flows }) => flows.some((flow) => flow.allow === allow)).map(({ id }) => id));
  expect(lines.filter((id) => !judged(true).has(id))).toEqual([]);
  expect(lines.filter((id) => !judged(false).has(id) && id !== 'C2')).toEqual([]);
});
