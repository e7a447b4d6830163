import { expect, it } from 'vitest';
import type { Chain, ChainName, NftMap, NftSet, Ruleset, SetName } from './objects.ts';
import { toText } from './text.ts';

const [peers, net, dispatch] = ['peer_a_4', 'net_a_4', 'in_4'].map((name) => name as SetName) as [
  SetName,
  SetName,
  SetName,
];
const [rules, hook] = ['rules_a', 'forward_hook'].map((name) => name as ChainName) as [ChainName, ChainName];
const client = { kind: 'ctAddress', direction: 'original', family: 4 } as const;

const SETS: readonly NftSet[] = [
  { name: peers, type: ['ipv4_addr'], interval: false, elements: new Set(['10.0.0.10', '10.0.0.9']) },
  {
    name: net,
    type: ['ipv4_addr', 'inet_proto'],
    interval: true,
    elements: new Set(['10.0.0.0-10.0.255.255 . 0-255']),
  },
];

const MAP: NftMap = {
  name: dispatch,
  type: ['ipv4_addr'],
  elements: new Map([
    ['10.0.0.2', { kind: 'accept' }],
    ['10.0.0.1', { kind: 'goto', chain: rules }],
  ]),
};

const CHAINS: readonly Chain[] = [
  {
    name: hook,
    hook: { type: 'filter', hook: 'forward', priority: -5, policy: 'accept' },
    fingerprint: 'hh',
    rules: [
      {
        statements: [
          { kind: 'match', left: { kind: 'ctState' }, op: '==', right: { kind: 'words', words: ['new'] } },
          { kind: 'tcpFlagsNotSyn' },
          { kind: 'jump', chain: rules },
        ],
        note: '',
      },
      { statements: [{ kind: 'vmap', key: client, map: dispatch }], note: 'dispatch' },
    ],
  },
  {
    name: rules,
    hook: null,
    fingerprint: 'rr',
    rules: [
      {
        statements: [
          { kind: 'match', left: { kind: 'l4proto' }, op: '==', right: { kind: 'words', words: ['tcp'] } },
          {
            kind: 'match',
            left: { kind: 'ctReplyPort' },
            op: '==',
            right: {
              kind: 'ports',
              ranges: [
                { first: 80, last: 80 },
                { first: 8000, last: 8080 },
              ],
            },
          },
          { kind: 'match', left: client, op: '!=', right: { kind: 'set', name: peers } },
          { kind: 'accept' },
        ],
        note: 'shop/api:ingress.0',
      },
      { statements: [{ kind: 'counter' }, { kind: 'drop' }], note: '' },
    ],
  },
];

function ruleset(chains: readonly Chain[], sets: readonly NftSet[]): Ruleset {
  return {
    table: { family: 'inet', name: 'policyd' },
    chains: new Map(chains.map((object) => [object.name, object])),
    sets: new Map(sets.map((object) => [object.name, object])),
    maps: new Map([[MAP.name, MAP]]),
  };
}

it('writes a ruleset as nft itself would read it, objects and elements in order', () => {
  expect(toText(ruleset(CHAINS, SETS))).toMatchInlineSnapshot(`
    "table inet policyd {
    	set net_a_4 {
    		type ipv4_addr . inet_proto
    		flags interval
    		elements = { 10.0.0.0-10.0.255.255 . 0-255 }
    	}

    	set peer_a_4 {
    		type ipv4_addr
    		elements = { 10.0.0.9,
    		             10.0.0.10 }
    	}

    	map in_4 {
    		type ipv4_addr : verdict
    		elements = { 10.0.0.1 : goto rules_a,
    		             10.0.0.2 : accept }
    	}

    	chain rules_a {
    		meta l4proto tcp ct reply proto-src { 80, 8000-8080 } ct original ip saddr != @peer_a_4 accept comment "rr.0 shop/api:ingress.0"
    		counter drop comment "rr.1"
    	}

    	chain forward_hook {
    		type filter hook forward priority -5; policy accept;
    		ct state new tcp flags & (fin | syn | rst | ack) != syn jump rules_a comment "hh.0"
    		ct original ip saddr vmap @in_4 comment "hh.1 dispatch"
    	}
    }
    "
  `);
  expect(toText(ruleset(CHAINS.toReversed(), SETS.toReversed()))).toBe(toText(ruleset(CHAINS, SETS)));
});
