import { expect, test } from 'vitest';
import type { Compiled } from '../compile/compiled.ts';
import { podKey } from '../model/cluster.ts';
import { policyKey } from '../model/policy.ts';
import { addChain, addRule, addTable, deleteElements, flushChain } from '../nft/commands.ts';
import type { ChainName, SetName } from '../nft/objects.ts';
import { blame } from './blame.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;
const RULES = 'rin_x' as ChainName;
const POD_CHAIN = 'in_y' as ChainName;

const COMPILED: Compiled = {
  ruleset: { table: TABLE, chains: new Map(), sets: new Map(), maps: new Map() },
  origins: new Map([
    [
      RULES,
      [
        [{ policy: policyKey('shop', 'a'), direction: 'ingress', index: 0 }],
        [{ policy: policyKey('shop', 'b'), direction: 'ingress', index: 0 }],
        [],
      ],
    ],
  ]),
  endpoints: new Map([[podKey('shop', 'api'), { ingress: POD_CHAIN, egress: null }]]),
  setMeanings: new Map([['peer_z' as SetName, 'app=web in shop']]),
};

const rule = (chain: ChainName, index: number): ReturnType<typeof addRule> =>
  addRule(TABLE, { name: chain, fingerprint: 'f' }, { statements: [], note: '' }, index);

test('a rule leads to the policy it comes from', () => {
  expect(blame(rule(RULES, 1), COMPILED)).toEqual({
    command: 'add rule rin_x',
    objects: ['NetworkPolicy shop/b'],
  });
});

test('a rule no policy wrote leads to all policies of its chain', () => {
  expect(blame(rule(RULES, 2), COMPILED).objects).toEqual(['NetworkPolicy shop/a', 'NetworkPolicy shop/b']);
});

test("a pod's own chain leads to the pod", () => {
  expect(blame(rule(POD_CHAIN, 0), COMPILED).objects).toEqual(['Pod shop/api']);
  expect(blame(flushChain(TABLE, POD_CHAIN), COMPILED)).toEqual({
    command: 'flush chain in_y',
    objects: ['Pod shop/api'],
  });
});

test('a set is described by its meaning', () => {
  const command = deleteElements(TABLE, { name: 'peer_z', type: ['ipv4_addr'] }, ['10.0.0.1']);
  expect(blame(command, COMPILED)).toEqual({
    command: 'delete element peer_z',
    objects: ['set peer_z (app=web in shop)'],
  });
});

test('what serves everybody leads to nobody', () => {
  expect(blame(addTable(TABLE), COMPILED).objects).toEqual([]);
  expect(blame(addChain(TABLE, { name: 'stage_in' as ChainName, hook: null }), COMPILED).objects).toEqual([]);
});
