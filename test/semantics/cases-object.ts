/** The object and its defaults, isolation, combination (semantics 1.1 and 1.2). */
import { networkPolicy } from '../kit/objects.ts';
import { API, about, allowed, DB, denied, type SemanticCase, WEB, webEgress, webIngress } from './case.ts';
import { world } from './world.ts';

const ISOLATES_ALL_OF_SHOP = [
  denied('internet', 'shop/web'),
  denied('internet', 'shop/db', 'UDP/53'),
  denied('shop/web', 'shop/api', 'SCTP/80'),
  allowed('internet', 'other/web'),
  allowed('shop/web', 'other/web'),
];
const INGRESS_ONLY = [denied('internet', 'shop/web'), allowed('shop/web', 'internet')];
const BOTH = [denied('internet', 'shop/web'), denied('shop/web', 'internet')];
const EGRESS_ONLY = [allowed('internet', 'shop/web'), denied('shop/web', 'internet')];
const FROM_API = { from: [{ podSelector: API }] };
const ONLY_API = [
  allowed('shop/api', 'shop/web'),
  denied('shop/db', 'shop/web'),
  denied('internet', 'shop/web'),
  denied('other/web', 'shop/web'),
];
/** Whatever the broken part may have meant, nobody gets in, and the other direction is untouched. */
const CLOSED = [
  denied('shop/api', 'shop/web'),
  denied('shop/db', 'shop/web', 'UDP/53'),
  denied('other/web', 'shop/web'),
  denied('internet', 'shop/web'),
  denied('node-b', 'shop/web'),
  allowed('internet', 'shop/api'),
];

export const OBJECT_CASES: readonly SemanticCase[] = [
  about(
    'A1',
    'podSelector absent selects every pod of the namespace',
    [{ ingress: [] }],
    ISOLATES_ALL_OF_SHOP,
  ),
  about(
    'A1',
    'podSelector null selects every pod of the namespace',
    [{ podSelector: null, ingress: [] }],
    ISOLATES_ALL_OF_SHOP,
  ),
  about(
    'A1',
    'podSelector {} selects every pod of the namespace',
    [{ podSelector: {}, ingress: [] }],
    ISOLATES_ALL_OF_SHOP,
  ),
  about('A2', 'policyTypes absent without egress rules is Ingress', [{ podSelector: WEB }], INGRESS_ONLY),
  about(
    'A2',
    'policyTypes empty is as absent',
    [{ podSelector: WEB, policyTypes: [], egress: [] }],
    INGRESS_ONLY,
  ),
  about(
    'A2',
    'policyTypes null is as absent',
    [{ podSelector: WEB, policyTypes: null, egress: null }],
    INGRESS_ONLY,
  ),
  about(
    'A2',
    'egress: [] without policyTypes does not isolate egress',
    [{ podSelector: WEB, egress: [] }],
    INGRESS_ONLY,
  ),
  about(
    'A2',
    'one egress rule adds Egress, and absent ingress still isolates ingress',
    [{ podSelector: WEB, egress: [{ to: [{ podSelector: DB }] }] }],
    [...BOTH, allowed('shop/web', 'shop/db')],
  ),
  about(
    'A3',
    'a policyType given twice is that type',
    [{ podSelector: WEB, policyTypes: ['Egress', 'Egress'] }],
    EGRESS_ONLY,
  ),
  about(
    'A3',
    'both policyTypes in any order isolate both directions',
    [{ podSelector: WEB, policyTypes: ['Egress', 'Ingress'] }],
    BOTH,
  ),
  about(
    'A3',
    'an unknown policyType beside a known one takes nothing away from that one',
    [{ podSelector: WEB, policyTypes: ['Sideways', 'Ingress'] }],
    [denied('internet', 'shop/web')],
  ),
  about(
    'A3',
    'unknown policyTypes alone leave the subject isolated',
    [{ podSelector: WEB, policyTypes: ['ingress'] }],
    [denied('internet', 'shop/web')],
  ),
  about(
    'A4',
    'egress rules have no effect when policyTypes lists Ingress only',
    [{ podSelector: WEB, policyTypes: ['Ingress'], egress: [{ to: [{ podSelector: DB }] }] }],
    [...INGRESS_ONLY, allowed('shop/web', 'shop/api')],
  ),
  about(
    'A4',
    'ingress rules have no effect when policyTypes lists Egress only',
    [{ podSelector: WEB, policyTypes: ['Egress'], ingress: [FROM_API] }],
    [...EGRESS_ONLY, allowed('shop/db', 'shop/web')],
  ),
  about(
    'A4',
    'ingress rules of an Egress policy do not add to what another policy admits',
    [webIngress(), { podSelector: WEB, policyTypes: ['Egress'], ingress: [{}], egress: [{}] }],
    [denied('shop/api', 'shop/web'), allowed('shop/web', 'internet')],
  ),
  about(
    'A5',
    'a numeric port without protocol is TCP',
    [webIngress({ ports: [{ port: 80 }] })],
    [
      allowed('internet', 'shop/web', 'TCP/80'),
      denied('internet', 'shop/web', 'UDP/80'),
      denied('internet', 'shop/web', 'SCTP/80'),
    ],
  ),
  about(
    'A5',
    'a named port without protocol is TCP',
    [{ podSelector: API, ingress: [{ ports: [{ port: 'http' }, { port: 'dns' }] }] }],
    [
      allowed('internet', 'shop/api', 'TCP/8080'),
      denied('internet', 'shop/api', 'UDP/53'),
      denied('internet', 'shop/api', 'TCP/53'),
    ],
  ),
  about(
    'A5',
    'a null protocol is TCP',
    [webIngress({ ports: [{ port: 80, protocol: null }] })],
    [allowed('internet', 'shop/web', 'TCP/80'), denied('internet', 'shop/web', 'UDP/80')],
  ),
  about(
    'A6',
    'ingress: [] isolates and allows nothing',
    [webIngress()],
    [denied('shop/api', 'shop/web'), denied('internet', 'shop/web', 'ICMP'), allowed('shop/web', 'internet')],
  ),
  about(
    'A6',
    'ingress absent equals ingress: []',
    [{ podSelector: WEB, policyTypes: ['Ingress'] }],
    [denied('shop/api', 'shop/web'), denied('internet', 'shop/web')],
  ),
  about(
    'A6',
    'ingress: [{}] allows everything',
    [webIngress({})],
    [
      allowed('shop/api', 'shop/web', 'SCTP/9'),
      allowed('internet', 'shop/web', 'ICMP'),
      allowed('node-b', 'shop/web', 'UDP/53'),
    ],
  ),
  about(
    'A6',
    'egress: [] isolates and allows nothing',
    [webEgress()],
    [denied('shop/web', 'shop/api'), denied('shop/web', 'internet', 'ICMP'), allowed('internet', 'shop/web')],
  ),
  about(
    'A6',
    'egress absent equals egress: []',
    [{ podSelector: WEB, policyTypes: ['Egress'] }],
    [denied('shop/web', 'shop/api'), denied('shop/web', 'internet', 'UDP/53')],
  ),
  about(
    'A6',
    'egress: [{}] allows everything',
    [webEgress({})],
    [
      allowed('shop/web', 'shop/api', 'SCTP/9'),
      allowed('shop/web', 'internet', 'ICMP'),
      allowed('shop/web', 'node-b', 'UDP/53'),
    ],
  ),
  about('A7', 'an empty peer matches nothing', [webIngress({ from: [{}] })], CLOSED),
  about(
    'A7',
    'a peer left empty by an unknown field matches nothing',
    [webIngress({ from: [{ ipBlocks: [{ cidr: '0.0.0.0/0' }] }] })],
    CLOSED,
  ),
  about(
    'A7',
    'an empty peer beside a good one takes nothing away from it and adds nothing',
    [webIngress({ from: [{}, { podSelector: API }] })],
    ONLY_API,
  ),
  about(
    'A7',
    'ipBlock together with a podSelector matches nothing',
    [webIngress({ from: [{ ipBlock: { cidr: '0.0.0.0/0' }, podSelector: {} }] })],
    CLOSED,
  ),
  about(
    'A7',
    'ipBlock together with a namespaceSelector matches nothing',
    [webIngress({ from: [{ ipBlock: { cidr: '::/0' }, namespaceSelector: {} }] })],
    CLOSED,
  ),
  about(
    'A7',
    'an empty egress peer matches nothing',
    [webEgress({ to: [{}] })],
    [denied('shop/web', 'shop/api'), denied('shop/web', 'internet'), allowed('internet', 'shop/web')],
  ),
  ...[
    ['a CIDR that is none', { from: [{ ipBlock: { cidr: '10.0.0.0/33' } }] }],
    ['a CIDR that is empty', { from: [{ ipBlock: { cidr: '' } }] }],
    ['a CIDR that is a number', { from: [{ ipBlock: { cidr: 0 } }] }],
    ['an except that is none', { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['x'] } }] }],
    ['an except that is no list', { from: [{ ipBlock: { cidr: '::/0', except: '::1/128' } }] }],
    ['a peer that is null', { from: [null] }],
    ['a peer that is a list', { from: [[]] }],
    ['peers that are no list', { from: {} }],
    ['peers that are a string', { from: 'everybody' }],
    ['a rule that is null', null],
    ['a rule that is a list', []],
    ['a rule left empty by an unknown field', { froms: [{ podSelector: API }] }],
    ['a selector that is a list', { from: [{ podSelector: [] }] }],
    [
      'a selector left empty by an unknown field',
      { from: [{ podSelector: { matchLabel: { app: 'api' } } }] },
    ],
    ['a label value that is a number', { from: [{ podSelector: { matchLabels: { app: 1 } } }] }],
    ['a label value with a blank', { from: [{ podSelector: { matchLabels: { app: 'a b' } } }] }],
    ['a label key with a blank', { from: [{ namespaceSelector: { matchLabels: { 'a b': 'c' } } }] }],
    ['ports that are no list', { ports: 80 }],
    ['a port that is null', { ports: [null] }],
    ['a port that is a string', { ports: ['80'] }],
    ['port 0', { ports: [{ port: 0 }] }],
    ['port 65536', { ports: [{ port: 65536 }] }],
    ['a port that is a fraction', { ports: [{ port: 79.5 }] }],
    ['a port that is true', { ports: [{ port: true }] }],
    ['a port name that is none', { ports: [{ port: 'HTTP!' }] }],
    ['an unknown protocol', { ports: [{ protocol: 'ICMP' }] }],
    ['an unknown protocol with a port', { ports: [{ protocol: 'tcp', port: 80 }] }],
    ['an endPort without a port', { ports: [{ endPort: 100 }] }],
    ['an endPort before its port', { ports: [{ port: 80, endPort: 79 }] }],
    ['an endPort past the last port', { ports: [{ port: 80, endPort: 70000 }] }],
    ['an endPort that is a string', { ports: [{ port: 80, endPort: '90' }] }],
    ['an endPort of a named port', { ports: [{ port: 'http', endPort: 90 }] }],
  ].map(([what, rule]) =>
    about(
      'A8',
      `${String(what)} matches nothing, and the subject stays isolated`,
      [webIngress(rule)],
      CLOSED,
    ),
  ),
  about(
    'A8',
    'a broken peer takes nothing away from its neighbours, nor a broken rule, nor a broken port',
    [
      webIngress(
        null,
        { from: [{ ipBlock: { cidr: 'x' } }, { podSelector: API }] },
        { from: [{ podSelector: DB }], ports: [{ port: 0 }, { port: 443 }] },
      ),
    ],
    [
      allowed('shop/api', 'shop/web', 'UDP/9'),
      allowed('shop/db', 'shop/web', 'TCP/443'),
      denied('shop/db', 'shop/web', 'TCP/80'),
      denied('internet', 'shop/web', 'TCP/443'),
    ],
  ),
  about(
    'A8',
    'rules that are no list leave the subject isolated',
    [{ podSelector: WEB, policyTypes: ['Ingress'], ingress: 'all' }],
    CLOSED,
  ),
  about(
    'A8',
    'policyTypes that are no list leave the subject isolated',
    [{ podSelector: WEB, policyTypes: 'Egress' }],
    [denied('internet', 'shop/web')],
  ),
  {
    id: 'A8',
    sentence: 'a broken policy changes nothing for what another one admits or closes',
    objects: world(
      networkPolicy('shop', 'broken', webIngress({ from: 7 })),
      networkPolicy('shop', 'good', webIngress(FROM_API)),
    ),
    flows: ONLY_API,
  },
  about(
    'B1',
    'a pod selected by no policy is isolated in no direction',
    [webIngress(), webEgress()],
    [allowed('internet', 'shop/db'), allowed('shop/db', 'internet'), denied('internet', 'shop/web')],
  ),
  about('B1', 'directions are independent', [webIngress()], INGRESS_ONLY),
  about('B1', 'directions are independent, the other way round', [webEgress()], EGRESS_ONLY),
  about(
    'B2',
    'what any policy admits is allowed',
    [webIngress(FROM_API), webIngress({ from: [{ podSelector: DB }] })],
    [allowed('shop/api', 'shop/web'), allowed('shop/db', 'shop/web'), denied('other/web', 'shop/web')],
  ),
  about('B2', 'a deny-all first does not override an allow', [webIngress(), webIngress(FROM_API)], ONLY_API),
  about('B2', 'a deny-all last does not override an allow', [webIngress(FROM_API), webIngress()], ONLY_API),
  about(
    'B3',
    'ingress of the destination alone is not enough',
    [webIngress(FROM_API), { podSelector: API, policyTypes: ['Egress'] }],
    [denied('shop/api', 'shop/web'), denied('shop/api', 'internet')],
  ),
  about(
    'B3',
    'egress of the source alone is not enough',
    [webIngress(), { podSelector: API, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: WEB }] }] }],
    [denied('shop/api', 'shop/web'), denied('shop/db', 'shop/web')],
  ),
  about(
    'B3',
    'egress of the source and ingress of the destination are enough',
    [
      webIngress(FROM_API),
      { podSelector: API, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: WEB }] }] },
    ],
    [allowed('shop/api', 'shop/web'), denied('shop/api', 'shop/db'), denied('shop/db', 'shop/web')],
  ),
  about(
    'B3',
    'both ends need the same port',
    [
      webIngress({ ports: [{ port: 80 }] }),
      { podSelector: API, policyTypes: ['Egress'], egress: [{ ports: [{ port: 443 }] }] },
    ],
    [denied('shop/api', 'shop/web', 'TCP/80'), denied('shop/api', 'shop/web', 'TCP/443')],
  ),
  about(
    'B4',
    'what only the other end may open is denied the other way; its replies are judged with the flow',
    [webIngress(FROM_API), webEgress()],
    [
      allowed('shop/api', 'shop/web', 'TCP/80'),
      allowed('shop/api', 'shop/web', 'UDP/53'),
      allowed('shop/api', 'shop/web', 'SCTP/9'),
      denied('shop/web', 'shop/api', 'TCP/80'),
      denied('shop/web', 'shop/api', 'UDP/53'),
      denied('shop/web', 'shop/api', 'SCTP/9'),
    ],
  ),
  {
    id: 'B5',
    sentence: 'a policy never selects pods of another namespace',
    objects: world(networkPolicy('other', 'deny', { podSelector: {} })),
    flows: [
      denied('internet', 'other/web'),
      denied('shop/web', 'other/cli'),
      allowed('internet', 'shop/web'),
      allowed('other/web', 'shop/web'),
    ],
  },
  {
    id: 'B5',
    sentence: 'policies of the same name in two namespaces are two policies',
    objects: world(
      networkPolicy('shop', 'same', { podSelector: WEB, ingress: [] }),
      networkPolicy('other', 'same', { podSelector: WEB, ingress: [{}] }),
    ),
    flows: [denied('internet', 'shop/web'), allowed('internet', 'other/web')],
  },
  {
    id: 'B5',
    sentence: 'a policy in a namespace that does not exist selects nobody and stops nothing',
    objects: world(
      networkPolicy('nowhere', 'deny', { podSelector: {} }),
      networkPolicy('shop', 'web', webIngress(FROM_API)),
    ),
    flows: [...ONLY_API, allowed('internet', 'shop/db')],
  },
  about(
    'B6',
    'a rule whose peers match nobody still isolates',
    [webIngress({ from: [{ podSelector: { matchLabels: { app: 'nobody' } } }] })],
    CLOSED,
  ),
  about(
    'B6',
    'an egress rule whose peers match nobody still isolates',
    [webEgress({ to: [{ namespaceSelector: { matchLabels: { team: 'nobody' } } }] })],
    [denied('shop/web', 'shop/api'), denied('shop/web', 'internet'), allowed('shop/api', 'shop/web')],
  ),
];
