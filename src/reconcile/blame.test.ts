import { expect, test } from 'vitest';
import type { CompiledTable } from '../compile/compiled.ts';
import { podKey } from '../model/cluster.ts';
import { addChain, addRule, addSet, addTable, deleteElements, flushChain } from '../nft/commands.ts';
import type { Chain, ChainName, NftSet, Rule, SetName } from '../nft/objects.ts';
import { blame } from './blame.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;
const RULES = 'rin_x' as ChainName;
const POD_CHAIN = 'in_y' as ChainName;
const PEERS: NftSet = {
  name: 'peer_z' as SetName,
  type: ['ipv4_addr'],
  interval: false,
  elements: new Set(['10.0.0.1', '10.0.0.2']),
};
const LOOKUP: Rule = {
  statements: [
    {
      kind: 'match',
      left: { kind: 'ctAddress', direction: 'original', family: 4 },
      op: '==',
      right: { kind: 'set', name: PEERS.name },
    },
    { kind: 'accept' },
  ],
  note: 'shop/a:ingress.0',
};
const OTHER: Rule = { statements: [{ kind: 'accept' }], note: 'shop/b:ingress.0' };
const END: Rule = { statements: [{ kind: 'counter' }, { kind: 'drop' }], note: '' };
const LEAD: Rule = { statements: [{ kind: 'counter' }, { kind: 'goto', chain: RULES }], note: 'shop/api' };

function chain(name: ChainName, rules: readonly Rule[]): Chain {
  return { name, hook: null, rules, fingerprint: 'f' };
}

const CHAINS = [chain(RULES, [LOOKUP, OTHER, END]), chain(POD_CHAIN, [LEAD])];

const COMPILED: CompiledTable = {
  ruleset: {
    table: TABLE,
    chains: new Map(CHAINS.map((each) => [each.name, each])),
    sets: new Map([[PEERS.name, PEERS]]),
    maps: new Map(),
  },
  origins: new Map([
    [
      RULES,
      [
        [{ policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'a' }, direction: 'ingress', index: 0 }],
        [{ policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'b' }, direction: 'ingress', index: 0 }],
        [],
      ],
    ],
  ]),
  endpoints: new Map([[podKey('shop', 'api'), { ingress: POD_CHAIN, egress: null }]]),
  meanings: new Map([[PEERS.name, 'app=web in shop']]),
};

const rule = (name: ChainName, index: number): ReturnType<typeof addRule> =>
  addRule(TABLE, { name, fingerprint: 'f' }, { statements: [], note: '' }, index);

test('a rule leads to the policy it comes from, and can be left out by itself', () => {
  expect(blame(rule(RULES, 1), null, COMPILED)).toEqual({
    command: 'add rule rin_x',
    objects: ['NetworkPolicy shop/b'],
    refusal: { kind: 'rule', rule: JSON.stringify(OTHER) },
  });
});

test('a rule no policy wrote leads to all policies of its chain, which can only go as a whole', () => {
  expect(blame(rule(RULES, 2), null, COMPILED)).toEqual({
    command: 'add rule rin_x',
    objects: ['NetworkPolicy shop/a', 'NetworkPolicy shop/b'],
    refusal: { kind: 'chain', name: RULES },
  });
});

test("a pod's own chain leads to the pod", () => {
  expect(blame(rule(POD_CHAIN, 0), null, COMPILED)).toEqual({
    command: 'add rule in_y',
    objects: ['Pod shop/api'],
    refusal: { kind: 'chain', name: POD_CHAIN },
  });
  expect(blame(flushChain(TABLE, POD_CHAIN), null, COMPILED)).toEqual({
    command: 'flush chain in_y',
    objects: ['Pod shop/api'],
    refusal: null,
  });
});

test('a set leads to the policies whose rules look it up, and one of its elements too', () => {
  expect(blame(addSet(TABLE, PEERS, PEERS.elements), null, COMPILED)).toEqual({
    command: 'add set peer_z (app=web in shop)',
    objects: ['NetworkPolicy shop/a'],
    refusal: { kind: 'set', name: PEERS.name },
  });
  expect(blame(addSet(TABLE, PEERS, PEERS.elements), 1, COMPILED)).toEqual({
    command: 'add element 10.0.0.2 to peer_z (app=web in shop)',
    objects: ['NetworkPolicy shop/a'],
    refusal: { kind: 'element', name: PEERS.name, element: '10.0.0.2' },
  });
});

test('taking something away is never the fault of an object', () => {
  const command = deleteElements(TABLE, { name: 'peer_z', type: ['ipv4_addr'] }, ['10.0.0.1']);
  expect(blame(command, null, COMPILED)).toEqual({
    command: 'delete element peer_z (app=web in shop)',
    objects: ['NetworkPolicy shop/a'],
    refusal: null,
  });
});

test('what serves everybody leads to nobody, and is never left out', () => {
  const nobody = { objects: [], refusal: null };
  expect(blame(addTable(TABLE), null, COMPILED)).toMatchObject(nobody);
  const stage = addChain(TABLE, { name: 'stage_in' as ChainName, hook: null });
  expect(blame(stage, null, COMPILED)).toMatchObject(nobody);
  const isolated = addSet(TABLE, { ...PEERS, name: 'isolated_4' as SetName }, []);
  expect(blame(isolated, null, COMPILED)).toMatchObject(nobody);
});

test('a set by which somebody is dropped is never left out', () => {
  const drops: Rule = { ...LOOKUP, statements: [...LOOKUP.statements.slice(0, 1), { kind: 'drop' }] };
  const chains = new Map([[RULES, chain(RULES, [drops])]]);
  const compiled = { ...COMPILED, ruleset: { ...COMPILED.ruleset, chains } };
  expect(blame(addSet(TABLE, PEERS, []), null, compiled).refusal).toBeNull();
});
