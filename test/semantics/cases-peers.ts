/** Peers, label selectors, address blocks (semantics 1.3 to 1.5). */
import { namespace, networkPolicy } from '../kit/objects.ts';
import { API, about, allowed, denied, type SemanticCase, WEB, webEgress, webIngress } from './case.ts';
import { extraPod, policy, world } from './world.ts';

const EVERYBODY = [
  allowed('shop/api', 'shop/web', 'UDP/53'),
  allowed('other/web', 'shop/web', 'SCTP/1'),
  allowed('internet', 'shop/web', 'TCP/65535'),
  allowed('node-b', 'shop/web', 'ICMP'),
];
const TO_EVERYBODY = [
  allowed('shop/web', 'shop/api', 'UDP/53'),
  allowed('shop/web', 'other/web', 'SCTP/1'),
  allowed('shop/web', 'internet', 'TCP/65535'),
  allowed('shop/web', 'node-b', 'ICMP'),
];
const NOBODY = [
  denied('shop/api', 'shop/web'),
  denied('shop/db', 'shop/web'),
  denied('other/web', 'shop/web'),
  denied('ops/prom', 'shop/web'),
  denied('internet', 'shop/web'),
];

/** Who of api, db (shop), other/web, other/cli, ops/prom and the internet may reach shop/web. */
function reach(...who: readonly string[]) {
  return ['shop/api', 'shop/db', 'other/web', 'other/cli', 'ops/prom', 'internet'].map((from) =>
    who.includes(from) ? allowed(from, 'shop/web') : denied(from, 'shop/web'),
  );
}

/** The peers of the table of C3, as ingress and as egress of shop/web. */
function peer(what: string, given: unknown, ...who: readonly string[]): readonly SemanticCase[] {
  return [
    about('C3', `${what} (from)`, [webIngress({ from: [given] })], reach(...who)),
    about(
      'C3',
      `${what} (to)`,
      [webEgress({ to: [given] })],
      reach(...who).map(({ from, to, ...rest }) => ({ ...rest, from: to, to: from })),
    ),
  ];
}

/** What a podSelector of a peer selects among api (app, tier: back) and db (app, tier: back) of shop. */
function select(id: string, sentence: string, podSelector: unknown, ...who: readonly string[]): SemanticCase {
  return about(id, sentence, [webIngress({ from: [{ podSelector }] })], reach(...who));
}

/** A subject given by a selector is isolated or not. */
function subject(id: string, sentence: string, podSelector: unknown, isolated: boolean): SemanticCase {
  const judge = isolated ? denied : allowed;
  return about(id, sentence, [{ podSelector, ingress: [] }], [judge('internet', 'shop/web')]);
}

function expression(key: string, operator: string, values?: readonly string[]): unknown {
  return { matchExpressions: [values === undefined ? { key, operator } : { key, operator, values }] };
}

function block(cidr: string, except?: readonly string[]): unknown {
  return webIngress({ from: [{ ipBlock: except === undefined ? { cidr } : { cidr, except } }] });
}

const PEER_CASES: readonly SemanticCase[] = [
  about(
    'C1',
    'a rule needs a matching peer and a matching port',
    [webIngress({ from: [{ podSelector: API }], ports: [{ port: 80 }] })],
    [
      allowed('shop/api', 'shop/web', 'TCP/80'),
      denied('shop/api', 'shop/web', 'TCP/81'),
      denied('shop/db', 'shop/web', 'TCP/80'),
    ],
  ),
  about(
    'C1',
    'any peer with any port of one rule, but never the peer of one rule with the port of another',
    [
      webIngress(
        {
          from: [{ podSelector: API }, { ipBlock: { cidr: '203.0.113.0/24' } }],
          ports: [{ port: 80 }, { port: 443 }],
        },
        { from: [{ namespaceSelector: { matchLabels: { team: 'other' } } }], ports: [{ port: 9 }] },
      ),
    ],
    [
      allowed('shop/api', 'shop/web', 'TCP/443'),
      allowed('internet@4', 'shop/web', 'TCP/80'),
      allowed('other/web', 'shop/web', 'TCP/9'),
      denied('other/web', 'shop/web', 'TCP/80'),
      denied('shop/api', 'shop/web', 'TCP/9'),
      denied('internet@6', 'shop/web', 'TCP/80'),
    ],
  ),
  about('C2', 'from absent is every source', [webIngress({})], EVERYBODY),
  about('C2', 'from null is every source', [webIngress({ from: null, ports: null })], EVERYBODY),
  about('C2', 'from [] is every source', [webIngress({ from: [], ports: [] })], EVERYBODY),
  about('C2', 'to absent is every destination', [webEgress({})], TO_EVERYBODY),
  about('C2', 'to null is every destination', [webEgress({ to: null, ports: null })], TO_EVERYBODY),
  about('C2', 'to [] is every destination', [webEgress({ to: [], ports: [] })], TO_EVERYBODY),
  about(
    'C2',
    'ports absent is every port and protocol of the peers',
    [webIngress({ from: [{ podSelector: API }] })],
    [
      allowed('shop/api', 'shop/web', 'SCTP/1'),
      allowed('shop/api', 'shop/web', '50'),
      denied('shop/db', 'shop/web', 'SCTP/1'),
    ],
  ),
  ...peer(
    'podSelector {} is all pods of the policy’s namespace, nothing external',
    { podSelector: {} },
    'shop/api',
    'shop/db',
  ),
  ...peer('podSelector with labels is matching pods of the namespace', { podSelector: API }, 'shop/api'),
  ...peer('podSelector never reaches equal labels in another namespace', {
    podSelector: { matchLabels: { app: 'cli' } },
  }),
  ...peer(
    'namespaceSelector {} is all pods everywhere, nothing external',
    { namespaceSelector: {} },
    'shop/api',
    'shop/db',
    'other/web',
    'other/cli',
    'ops/prom',
  ),
  ...peer(
    'both selectors {} is all pods everywhere, nothing external',
    { podSelector: {}, namespaceSelector: {} },
    'shop/api',
    'shop/db',
    'other/web',
    'other/cli',
    'ops/prom',
  ),
  ...peer(
    'podSelector null beside a namespaceSelector is as absent',
    { podSelector: null, namespaceSelector: { matchLabels: { team: 'ops' } } },
    'ops/prom',
  ),
  ...peer(
    'namespaceSelector null beside a podSelector is as absent',
    { podSelector: API, namespaceSelector: null },
    'shop/api',
  ),
  ...peer(
    'labels and namespaceSelector {} is matching pods in all namespaces',
    { podSelector: WEB, namespaceSelector: {} },
    'other/web',
  ),
  ...peer(
    'namespaceSelector with labels is all pods of matching namespaces',
    { namespaceSelector: { matchLabels: { team: 'other' } } },
    'other/web',
    'other/cli',
  ),
  ...peer(
    'both with labels is matching pods inside matching namespaces',
    { podSelector: WEB, namespaceSelector: { matchLabels: { team: 'other' } } },
    'other/web',
  ),
  ...peer('ipBlock is addresses, pod addresses included', { ipBlock: { cidr: '10.244.2.0/24' } }).map(
    (found) => ({
      ...found,
      flows: found.flows.map((flow) => {
        const other = flow.from === 'shop/web' ? flow.to : flow.from;
        return {
          ...flow,
          from: flow.from === 'internet' ? flow.from : `${flow.from}@4`,
          to: flow.to === 'internet' ? flow.to : `${flow.to}@4`,
          allow: ['shop/api', 'other/web', 'ops/prom'].includes(other),
        };
      }),
    }),
  ),
  about(
    'C4',
    'two peers are OR',
    [webIngress({ from: [{ podSelector: API }, { namespaceSelector: { matchLabels: { team: 'other' } } }] })],
    reach('shop/api', 'other/web', 'other/cli'),
  ),
  about(
    'C4',
    'both selectors in one peer are AND',
    [webIngress({ from: [{ podSelector: API, namespaceSelector: { matchLabels: { team: 'other' } } }] })],
    reach(),
  ),
  {
    id: 'C5',
    sentence: 'a namespace relabelled into the selector joins its peers',
    objects: world(
      policy('p', webIngress({ from: [{ namespaceSelector: { matchLabels: { env: 'prod' } } }] })),
      namespace('other', { env: 'prod' }),
      namespace('ops', {}),
    ),
    flows: reach('other/web', 'other/cli'),
  },
  {
    id: 'C5',
    sentence: 'a peer relabelled out of the selector leaves',
    objects: world(
      policy('p', webIngress({ from: [{ podSelector: API }] })),
      extraPod('api', 2, { labels: { app: 'other' } }),
      extraPod('api-2', 9, { labels: { app: 'api' } }),
    ),
    flows: [denied('shop/api', 'shop/web'), allowed('shop/api-2', 'shop/web')],
  },
  {
    id: 'C5',
    sentence: 'a subject relabelled out of the selector is open, one relabelled into it closed',
    objects: world(
      policy('p', { podSelector: API, ingress: [] }),
      extraPod('api', 2, { labels: { app: 'other' } }),
      extraPod('api-2', 9, { labels: { app: 'api' } }),
    ),
    flows: [allowed('internet', 'shop/api'), denied('internet', 'shop/api-2')],
  },
  about(
    'C6',
    'ports mean the destination port, ingress',
    [webIngress({ ports: [{ port: 80 }] })],
    [allowed('internet', 'shop/web', 'TCP/80'), denied('internet', 'shop/web', 'TCP/49152')],
  ),
  about(
    'C6',
    'ports mean the destination port, egress',
    [webEgress({ ports: [{ port: 49152 }] })],
    [allowed('shop/web', 'internet', 'TCP/49152'), denied('shop/web', 'internet', 'TCP/80')],
  ),
];

const SELECTOR_CASES: readonly SemanticCase[] = [
  select('D1', 'matchLabels are AND-ed', { matchLabels: { app: 'api', tier: 'back' } }, 'shop/api'),
  select('D1', 'one matchLabel that differs is enough not to match', {
    matchLabels: { app: 'api', tier: 'front' },
  }),
  select(
    'D1',
    'matchLabels and matchExpressions are AND-ed',
    { matchLabels: { tier: 'back' }, matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['api'] }] },
    'shop/db',
  ),
  select('D1', 'an empty value does not match a pod without the key', { matchLabels: { missing: '' } }),
  {
    id: 'D1',
    sentence: 'an empty value matches a pod that has the key with it',
    objects: world(
      policy('p', webIngress({ from: [{ podSelector: { matchLabels: { flag: '' } } }] })),
      extraPod('flagged', 9, { labels: { flag: '' } }),
    ),
    flows: [allowed('shop/flagged', 'shop/web'), denied('shop/api', 'shop/web')],
  },
  select(
    'D2',
    'In matches a present key with one of the values',
    expression('app', 'In', ['api', 'x']),
    'shop/api',
  ),
  select('D2', 'In does not match when the key is absent', expression('missing', 'In', ['api'])),
  select('D2', 'NotIn matches another value', expression('app', 'NotIn', ['api']), 'shop/db'),
  select(
    'D2',
    'NotIn matches when the key is absent',
    expression('missing', 'NotIn', ['x']),
    'shop/api',
    'shop/db',
  ),
  select('D2', 'Exists matches a present key', expression('tier', 'Exists'), 'shop/api', 'shop/db'),
  select('D2', 'Exists does not match an absent key', expression('missing', 'Exists')),
  select(
    'D2',
    'DoesNotExist matches an absent key',
    expression('missing', 'DoesNotExist'),
    'shop/api',
    'shop/db',
  ),
  select('D2', 'DoesNotExist does not match a present key', expression('tier', 'DoesNotExist')),
  subject('D2', 'NotIn selects a subject without the key', expression('missing', 'NotIn', ['x']), true),
  subject(
    'D2',
    'DoesNotExist does not select a subject with the key',
    expression('app', 'DoesNotExist'),
    false,
  ),
  about(
    'D2',
    'NotIn over namespaces matches a namespace without the key',
    [webIngress({ from: [{ namespaceSelector: expression('env', 'NotIn', ['prod']) }] })],
    reach('shop/api', 'shop/db', 'other/web', 'other/cli'),
  ),
  select('D2', 'a key of every object is no label that is there', expression('constructor', 'Exists')),
  select(
    'D2',
    'a key of every object is absent',
    expression('constructor', 'DoesNotExist'),
    'shop/api',
    'shop/db',
  ),
  {
    id: 'D2',
    sentence: 'constructor is a label key like any other',
    objects: world(
      policy('p', webIngress({ from: [{ podSelector: { matchLabels: { constructor: 'x' } } }] })),
      extraPod('odd', 9, { labels: { constructor: 'x' } }),
    ),
    flows: [allowed('shop/odd', 'shop/web'), denied('shop/api', 'shop/web')],
  },
  select(
    'D3',
    'each operator as it must be written is valid',
    {
      matchExpressions: [
        { key: 'app', operator: 'In', values: ['api'] },
        { key: 'app', operator: 'NotIn', values: ['db'] },
        { key: 'tier', operator: 'Exists' },
        { key: 'missing', operator: 'DoesNotExist', values: [] },
      ],
    },
    'shop/api',
  ),
  ...[
    ['In without values', expression('app', 'In', [])],
    ['NotIn without values', expression('app', 'NotIn', [])],
    ['NotIn with values absent', expression('app', 'NotIn')],
    ['Exists with values', expression('app', 'Exists', ['api'])],
    ['DoesNotExist with values', expression('missing', 'DoesNotExist', ['api'])],
    ['an unknown operator', expression('app', 'Gt', ['1'])],
    ['an operator in lower case', expression('app', 'exists')],
    ['an expression without a key', { matchExpressions: [{ operator: 'DoesNotExist' }] }],
    ['an expression that is null', { matchExpressions: [null] }],
    ['expressions that are no list', { matchExpressions: { key: 'app', operator: 'Exists' } }],
    ['matchLabels that are a list', { matchLabels: [] }],
  ].map(([what, podSelector]) =>
    about(
      'D3',
      `${String(what)} is invalid and matches nothing`,
      [webIngress({ from: [{ podSelector }] })],
      NOBODY,
    ),
  ),
  select('D4', 'contradictory requirements match nothing', {
    matchLabels: { app: 'api' },
    matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }],
  }),
  select('D4', 'In of two disjoint lists matches nothing', {
    matchExpressions: [
      { key: 'app', operator: 'In', values: ['api'] },
      { key: 'app', operator: 'In', values: ['db'] },
    ],
  }),
  subject(
    'D4',
    'a contradictory subject selects nobody',
    {
      matchExpressions: [
        { key: 'app', operator: 'Exists' },
        { key: 'app', operator: 'DoesNotExist' },
      ],
    },
    false,
  ),
  about(
    'D5',
    'an invalid selector beside a valid one in one peer matches nothing',
    [webIngress({ from: [{ podSelector: {}, namespaceSelector: expression('team', 'In', []) }] })],
    NOBODY,
  ),
  about(
    'D5',
    'an invalid selector half of which is valid matches nothing, not that half',
    [
      webIngress({
        from: [
          {
            podSelector: { matchLabels: { tier: 'back' }, matchExpressions: [{ key: 'app', operator: '!' }] },
          },
        ],
      }),
    ],
    NOBODY,
  ),
  about(
    'D5',
    'an invalid subject is not enforced, and stops no other policy',
    [
      { podSelector: expression('app', 'In', []), ingress: [] },
      { podSelector: API, ingress: [] },
    ],
    [allowed('internet', 'shop/web'), denied('internet', 'shop/api')],
  ),
  about(
    'D6',
    'kubernetes.io/metadata.name selects one namespace',
    [
      webIngress({
        from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }],
      }),
    ],
    reach('ops/prom'),
  ),
  {
    id: 'D6',
    sentence: 'kubernetes.io/metadata.name is there when the object leaves it out',
    objects: world(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ops' } },
      policy(
        'p',
        webIngress({
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }],
        }),
      ),
    ),
    flows: reach('ops/prom'),
  },
  {
    id: 'D6',
    sentence: 'nobody takes another namespace’s name by a label',
    objects: world(
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'other', labels: { 'kubernetes.io/metadata.name': 'ops' } },
      },
      policy(
        'p',
        webIngress({
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }],
        }),
      ),
    ),
    flows: reach('ops/prom'),
  },
];

const BLOCK_CASES: readonly SemanticCase[] = [
  about(
    'E1',
    'an except takes its addresses out of the block',
    [block('203.0.113.0/24', ['203.0.113.0/28'])],
    [
      denied('203.0.113.0', 'shop/web'),
      denied('203.0.113.10', 'shop/web'),
      denied('203.0.113.15', 'shop/web'),
      allowed('203.0.113.16', 'shop/web'),
      allowed('203.0.113.255', 'shop/web'),
      denied('203.0.112.255', 'shop/web'),
      denied('203.0.114.0', 'shop/web'),
    ],
  ),
  about(
    'E1',
    'overlapping, nested and duplicate excepts are legal',
    [
      block('2001:db8::/32', [
        '2001:db8:113::/48',
        '2001:db8:113::/64',
        '2001:db8:113::10/128',
        '2001:db8:113::/48',
      ]),
    ],
    [
      denied('2001:db8:113::10', 'shop/web'),
      denied('2001:db8:113:ffff:ffff:ffff:ffff:ffff', 'shop/web'),
      allowed('2001:db8:114::', 'shop/web'),
      allowed('2001:db8:112:ffff:ffff:ffff:ffff:ffff', 'shop/web'),
    ],
  ),
  about(
    'E1',
    'adjacent excepts may take the whole block',
    [block('203.0.113.0/24', ['203.0.113.0/25', '203.0.113.128/25'])],
    [
      denied('203.0.113.0', 'shop/web'),
      denied('203.0.113.128', 'shop/web'),
      denied('203.0.113.255', 'shop/web'),
    ],
  ),
  about(
    'E1',
    'a stored except equal to its cidr leaves nothing of it',
    [block('203.0.113.0/24', ['203.0.113.0/24'])],
    [denied('203.0.113.10', 'shop/web'), denied('198.51.100.7', 'shop/web')],
  ),
  about(
    'E1',
    'a stored except larger than its cidr leaves nothing of it',
    [block('203.0.113.0/24', ['0.0.0.0/0'])],
    [denied('203.0.113.10', 'shop/web'), denied('198.51.100.7', 'shop/web')],
  ),
  about(
    'E2',
    'another policy may allow an excepted address',
    [block('203.0.113.0/24', ['203.0.113.10/32']), block('203.0.113.10/32')],
    [
      allowed('203.0.113.10', 'shop/web'),
      allowed('203.0.113.11', 'shop/web'),
      denied('198.51.100.7', 'shop/web'),
    ],
  ),
  about(
    'E2',
    'another rule may allow an excepted address',
    [
      webIngress(
        { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] },
        { from: [{ podSelector: API }] },
      ),
    ],
    [allowed('shop/api', 'shop/web'), denied('shop/db', 'shop/web'), allowed('internet@4', 'shop/web')],
  ),
  about(
    'E2',
    'another peer of the same rule may allow an excepted address',
    [
      webIngress({
        from: [
          { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.0/28'] } },
          { ipBlock: { cidr: '203.0.113.8/29' } },
        ],
        ports: [{ port: 80 }],
      }),
    ],
    [
      denied('203.0.113.7', 'shop/web'),
      allowed('203.0.113.8', 'shop/web'),
      allowed('203.0.113.15', 'shop/web'),
      allowed('203.0.113.16', 'shop/web'),
      denied('203.0.113.8', 'shop/web', 'TCP/81'),
    ],
  ),
  about(
    'E3',
    '0.0.0.0/0 never matches IPv6',
    [block('0.0.0.0/0')],
    [
      allowed('internet@4', 'shop/web'),
      allowed('shop/api@4', 'shop/web'),
      denied('internet@6', 'shop/web'),
      denied('shop/api@6', 'shop/web'),
    ],
  ),
  about(
    'E3',
    '::/0 never matches IPv4',
    [block('::/0')],
    [
      allowed('internet@6', 'shop/web'),
      allowed('shop/api@6', 'shop/web'),
      denied('internet@4', 'shop/web'),
      denied('shop/api@4', 'shop/web'),
    ],
  ),
  about(
    'E3',
    'a v4-only egress block leaves IPv6 denied',
    [webEgress({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] })],
    [allowed('shop/web', 'internet@4'), denied('shop/web', 'internet@6')],
  ),
  about(
    'E3',
    'an except of the other family breaks the block',
    [block('0.0.0.0/0', ['::/1'])],
    [denied('internet@6', 'shop/web')],
  ),
  about(
    'E4',
    'host bits of a stored CIDR are masked',
    [block('203.0.113.77/24')],
    [
      allowed('203.0.113.0', 'shop/web'),
      allowed('203.0.113.255', 'shop/web'),
      denied('203.0.114.0', 'shop/web'),
    ],
  ),
  about(
    'E4',
    'leading zeros are decimal',
    [block('203.000.113.010/32')],
    [allowed('203.0.113.10', 'shop/web'), denied('203.0.113.8', 'shop/web')],
  ),
  about(
    'E4',
    'an IPv4-mapped CIDR of 96 bits or more is IPv4',
    [block('::ffff:203.0.113.0/120')],
    [
      allowed('203.0.113.10', 'shop/web'),
      denied('203.0.114.10', 'shop/web'),
      denied('internet@6', 'shop/web'),
    ],
  ),
  about(
    'E4',
    'an IPv4-mapped CIDR of 96 bits is all of IPv4 and nothing else',
    [block('::ffff:0:0/96')],
    [allowed('internet@4', 'shop/web'), denied('internet@6', 'shop/web')],
  ),
  about(
    'E4',
    'an IPv4-mapped CIDR of less than 96 bits is not IPv4',
    [block('::ffff:203.0.113.0/90')],
    [denied('internet@4', 'shop/web'), denied('internet@6', 'shop/web')],
  ),
  about(
    'E4',
    'host bits of an except are masked as well',
    [block('203.0.113.0/24', ['203.0.113.9/28'])],
    [
      denied('203.0.113.0', 'shop/web'),
      denied('203.0.113.15', 'shop/web'),
      allowed('203.0.113.16', 'shop/web'),
    ],
  ),
  about(
    'E4',
    'the last address of a family is an address like any other',
    [block('255.255.255.254/31'), block('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127')],
    [
      allowed('255.255.255.255', 'shop/web'),
      denied('255.255.255.253', 'shop/web'),
      allowed('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'shop/web'),
      denied('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffd', 'shop/web'),
    ],
  ),
  {
    id: 'E3',
    sentence: 'a v4-only allow leaves IPv6 denied between pods of all namespaces',
    objects: world(
      networkPolicy('other', 'p', {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      }),
    ),
    flows: [allowed('shop/web@4', 'other/web'), denied('shop/web@6', 'other/web')],
  },
];

export const SELECTION_CASES: readonly SemanticCase[] = [...PEER_CASES, ...SELECTOR_CASES, ...BLOCK_CASES];
