/**
 * States of the policies between which nobody's verdict changes, while nearly everything in the kernel does:
 * forms of peers and ports, names and numbers of policies. In each, `server` admits the friends on the port of
 * the flows and nobody else, the friends may go to `server`, and `muted` may go anywhere but to `open`.
 */
export type Raw = Readonly<Record<string, unknown>>;

/** Specs by name. */
export type State = ReadonlyMap<string, Raw>;

export interface Addresses {
  /** Of a pod: IPv4, then IPv6. */
  readonly of: (name: string) => readonly string[];
}

export const PORT = 7000;
const FRIENDS = ['friend', 'near-friend'];

type Peers = (state: number, addresses: Addresses) => readonly Raw[];

/** Exactly the pods named, in ever new words. */
const NAMED: readonly ((names: readonly string[], outsiders: readonly string[]) => Peers)[] = [
  (names) => () => names.map((name) => ({ podSelector: { matchLabels: { app: name } } })),
  (names) => (state) => [
    { podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [...names, `x${state}`] }] } },
  ],
  (names) => (_, addresses) =>
    names.flatMap((name) => addresses.of(name).map((each) => ({ ipBlock: { cidr: single(each) } }))),
  (_, outsiders) => (_state, addresses) =>
    ['0.0.0.0/0', '::/0'].map((cidr) => ({
      ipBlock: {
        cidr,
        except: outsiders
          .flatMap((name) => addresses.of(name))
          .filter((each) => each.includes(':') === cidr.includes(':'))
          .map(single),
      },
    })),
  (names) => () => [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
      podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: names }] },
    },
  ],
  (_, outsiders) => (state) => [
    {
      podSelector: {
        matchExpressions: [
          { key: 'app', operator: 'NotIn', values: outsiders },
          { key: `absent-${state}`, operator: 'DoesNotExist' },
        ],
      },
    },
  ],
  (names) => (state) => [
    ...names.map((name) => ({ podSelector: { matchLabels: { app: name } } })),
    ...Array.from({ length: 25 }, (_, index) => ({
      ipBlock: { cidr: `198.18.${state % 250}.${index * 8}/29` },
    })),
  ],
];

/** The port of the flows over TCP and UDP, in ever new words; null: every port. */
const PORTS: readonly ((state: number) => readonly Raw[] | null)[] = [
  () => null,
  () => [
    { port: PORT, protocol: 'TCP' },
    { port: PORT, protocol: 'UDP' },
  ],
  (state) => [
    { port: PORT - 1 - (state % 900), endPort: PORT, protocol: 'UDP' },
    { port: PORT, endPort: PORT + 1 + (state % 900), protocol: 'TCP' },
  ],
  () => [{ protocol: 'UDP' }, { protocol: 'TCP' }],
  (state) => [
    { port: 'web', protocol: 'TCP' },
    ...[PORT, 1 + (state % 5000), 20_000 + state].flatMap((port) => [
      { port, protocol: 'UDP' },
      { port, protocol: 'TCP' },
    ]),
  ],
];

interface Side {
  readonly subject: string;
  readonly direction: 'ingress' | 'egress';
  readonly peers: Peers;
}

/** Some of these spread one meaning over several policies, which may not be there one without the other. */
const SHAPES: readonly ((side: Side, state: number, rule: Raw) => readonly (readonly [string, Raw])[])[] = [
  (side, _, rule) => [[side.subject, spec(side, [rule])]],
  (side, state, rule) => [[`${side.subject}-${state}`, spec(side, [rule])]],
  (side, _, rule) => [
    [`${side.subject}-deny`, spec(side, [])],
    [`${side.subject}-allow`, spec(side, [rule])],
  ],
  (side, state, rule) =>
    ([] as readonly Raw[])
      .concat((rule[key(side)] as readonly Raw[] | undefined) ?? [])
      .map(
        (peer, index) =>
          [`${side.subject}-${state % 7}-${index}`, spec(side, [{ ...rule, [key(side)]: [peer] }])] as const,
      )
      .slice(0, 6),
  (side, state, rule) =>
    Array.from(
      { length: 4 },
      (_, index) => [`${side.subject}-${(state + index) % 9}`, spec(side, [rule])] as const,
    ),
];

function key({ direction }: Side): 'from' | 'to' {
  return direction === 'ingress' ? 'from' : 'to';
}

function spec({ subject, direction }: Side, rules: readonly Raw[]): Raw {
  const policyTypes = [direction === 'ingress' ? 'Ingress' : 'Egress'];
  return { podSelector: { matchLabels: { app: subject } }, policyTypes, [direction]: rules };
}

function single(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

const OUTSIDERS = ['stranger', 'near-stranger', 'muted', 'open'];

/** What `of` chooses stays in every state; the numbers are prime to each other, so the mixture is rich. */
export function stateOf(state: number, addresses: Addresses): State {
  const sides = (form: number): readonly Side[] => {
    const named = NAMED[form % NAMED.length] as (typeof NAMED)[number];
    return [
      { subject: 'server', direction: 'ingress', peers: named(FRIENDS, OUTSIDERS) },
      ...FRIENDS.map(
        (subject): Side => ({ subject, direction: 'egress', peers: named(['server'], ['stranger']) }),
      ),
      { subject: 'muted', direction: 'egress', peers: named(['server', 'friend'], ['open']) },
    ];
  };
  return new Map(
    sides(state).flatMap((side, index) => {
      const ports = (PORTS[(state + index) % PORTS.length] as (typeof PORTS)[number])(state);
      const rule = { [key(side)]: side.peers(state, addresses), ...(ports === null ? {} : { ports }) };
      const shape = SHAPES[(state + 2 * index) % SHAPES.length] as (typeof SHAPES)[number];
      return shape(side, state, rule);
    }),
  );
}
