import { expect, test } from 'vitest';
import type { Stage } from '../model/endpoint.ts';
import type { ChainName, Rule, Statement } from '../nft/objects.ts';
import { BUDGET } from './budget.ts';
import { StageCompiler } from './rules.ts';
import { SHAPES } from './shapes.ts';
import { ACCEPT } from './statements.ts';

const origin = (name: string) =>
  ({ policy: { kind: 'NetworkPolicy', namespace: 'shop', name }, direction: 'ingress', index: 0 }) as const;

function stage(name: string, otherwise: Stage['otherwise']): Stage {
  const range = { protocol: 'TCP', first: 80, last: 80 } as const;
  return {
    rules: [
      { peers: { kind: 'any' }, ports: { kind: 'some', ranges: [range], named: [] }, origin: origin(name) },
    ],
    otherwise,
  };
}

test('stages are passed in order: what a stage leaves open the next decides, and the last allows', () => {
  const { entry, chains, origins } = new StageCompiler(SHAPES, BUDGET.policy).compile(
    [stage('first', 'continue'), stage('second', 'deny')],
    'ingress',
    [4],
    ACCEPT,
  );
  const rules = (name: ChainName): readonly Rule[] =>
    chains.find((chain) => chain.name === name)?.rules ?? [];
  const end = (name: ChainName): Statement | undefined => rules(name).at(-1)?.statements.at(-1);
  const last = end(entry);
  if (last?.kind !== 'goto') throw new TypeError('the first stage leads to the second');
  expect(rules(entry)[0]?.note).toBe('shop/first:ingress.0');
  expect(rules(last.chain)[0]?.note).toBe('shop/second:ingress.0');
  expect(end(last.chain)).toEqual({ kind: 'drop' });
  expect(origins.get(entry)).toEqual([[origin('first')], []]);

  const open = new StageCompiler(SHAPES, BUDGET.policy).compile(
    [stage('only', 'continue')],
    'ingress',
    [4],
    ACCEPT,
  );
  expect(open.chains.at(-1)?.rules.at(-1)?.statements).toEqual([ACCEPT]);
});
