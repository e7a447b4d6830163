/** Random rulesets of every shape there is, over few names and few addresses, so that two of them overlap. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Family } from '../../src/model/address.ts';
import type {
  Chain,
  ChainName,
  Element,
  ElementType,
  ElementVerdict,
  Expression,
  NftMap,
  NftSet,
  Operand,
  Rule,
  Ruleset,
  SetName,
  Statement,
} from '../../src/nft/objects.ts';

export const TABLE: Ruleset['table'] = { family: 'inet', name: 'policyd' };
export const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  4: ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.1.9'],
  6: ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::9'],
};
const PREFIXES: Readonly<Record<Family, readonly string[]>> = {
  4: ['127.0.0.0/24', '127.0.1.0/24', '127.0.2.1/32'],
  6: ['2001:db8::/64', '2001:db8:0:1::/64', '2001:db8:0:2::1/128'],
};
/** Disjoint, ascending; the last of each is a single address. */
const RANGES: Readonly<Record<Family, readonly string[]>> = {
  4: ['127.0.0.0-127.0.0.1', '127.0.0.2', '127.0.0.3-127.0.0.200', '127.0.1.0-127.0.1.255'],
  6: ['2001:db8::-2001:db8::1', '2001:db8::2', '2001:db8::3-2001:db8::ffff', '2001:db8:0:1::9'],
};
export const PORTS: readonly number[] = [80, 443, 5000, 8080];
const PORT_RANGES: readonly string[] = ['0-79', '80', '81-4999', '5000-8079', '8080-65535'];
const PROTOCOL_RANGES: readonly string[] = ['0-5', 'tcp', '7-16', 'udp', '18-255'];
const FAMILIES: readonly Family[] = [4, 6];

interface SetKind {
  readonly name: string;
  readonly type: readonly ElementType[];
  readonly interval: boolean;
  readonly elements: readonly Element[];
}

function cross(left: readonly string[], right: readonly string[]): readonly Element[] {
  return left.flatMap((a) => right.map((b) => `${a} . ${b}`));
}

function addressType(family: Family): ElementType {
  return family === 4 ? 'ipv4_addr' : 'ipv6_addr';
}

/** Every set's elements are chosen from a disjoint list, so that any choice of them is a legal set. */
const SET_KINDS: readonly SetKind[] = [
  ...FAMILIES.flatMap((family): readonly SetKind[] => {
    const address = addressType(family);
    const addresses = ADDRESSES[family];
    return [
      { name: `a_${family}`, type: [address], interval: false, elements: addresses },
      {
        name: `pair_${family}`,
        type: [address, address],
        interval: false,
        elements: cross(addresses, addresses),
      },
      {
        name: `named_${family}`,
        type: [address, 'inet_service'],
        interval: false,
        elements: cross(addresses, PORTS.map(String)),
      },
      {
        name: `net_${family}`,
        type: [address, 'inet_service'],
        interval: true,
        elements: cross(RANGES[family], PORT_RANGES),
      },
      {
        name: `block_${family}`,
        type: [address, 'inet_proto'],
        interval: true,
        elements: cross(RANGES[family], ['0-255']),
      },
    ];
  }),
  {
    name: 'ports',
    type: ['inet_service', 'inet_proto'],
    interval: true,
    elements: cross(PORT_RANGES, PROTOCOL_RANGES),
  },
];

const LOW_CHAINS: readonly string[] = ['c_0', 'c_1', 'c_2', 'c_3'];
/** Maps point here, and no rule here looks into a map: no loops. */
const HIGH_CHAINS: readonly string[] = ['d_0', 'd_1', 'd_2', 'd_3'];

const setArbitrary = (kind: SetKind): fc.Arbitrary<NftSet> =>
  fc.subarray([...kind.elements]).map((elements) => ({
    name: kind.name as SetName,
    type: kind.type,
    interval: kind.interval,
    elements: new Set(elements),
  }));

const mapArbitrary = (family: Family): fc.Arbitrary<NftMap> =>
  fc.dictionary(fc.constantFrom(...ADDRESSES[family]), verdictArbitrary()).map((entries) => ({
    name: `m_${family}` as SetName,
    type: [addressType(family)],
    elements: new Map(Object.entries(entries)),
  }));

function verdictArbitrary(): fc.Arbitrary<ElementVerdict> {
  return fc.oneof(
    fc.constant<ElementVerdict>({ kind: 'accept' }),
    fc.constant<ElementVerdict>({ kind: 'drop' }),
    fc
      .constantFrom(...HIGH_CHAINS)
      .map((chain): ElementVerdict => ({ kind: 'goto', chain: chain as ChainName })),
  );
}

type L4 = 'tcp' | 'udp' | 'icmp' | null;

/** Matches that nft takes together in one rule: of one family and one protocol. */
function matchArbitrary(family: Family, l4: L4): fc.Arbitrary<Statement> {
  const op = fc.constantFrom('==' as const, '!=' as const);
  const tuple: fc.Arbitrary<Expression> = fc.constantFrom(
    { kind: 'ctAddress', direction: 'original', family } as const,
    { kind: 'ctAddress', direction: 'reply', family } as const,
  );
  const masked: fc.Arbitrary<Expression> = fc.record({
    kind: fc.constant('ctAddress' as const),
    direction: fc.constantFrom('original' as const, 'reply' as const),
    family: fc.constant(family),
    prefix: fc.integer({ min: 1, max: (family === 4 ? 32 : 128) - 1 }),
  });
  const header: fc.Arbitrary<Expression> = fc.constantFrom(
    { kind: 'address', field: 'saddr', family } as const,
    { kind: 'address', field: 'daddr', family } as const,
  );
  const address = fc.oneof(tuple, header);
  const inSet = (name: string): fc.Arbitrary<Operand> => fc.constant({ kind: 'set', name: name as SetName });
  const match = (left: fc.Arbitrary<Expression>, right: fc.Arbitrary<Operand>): fc.Arbitrary<Statement> =>
    fc.record({ kind: fc.constant('match' as const), left, op, right });
  const concat = (...parts: readonly fc.Arbitrary<Expression>[]): fc.Arbitrary<Expression> =>
    fc.tuple(...parts).map((list) => ({ kind: 'concat', parts: list }));
  const port = fc.constant<Expression>({ kind: 'ctReplyPort' });
  const protocol = fc.constant<Expression>({ kind: 'l4proto' });
  const words = (list: readonly string[]): fc.Arbitrary<Operand> =>
    fc
      .subarray([...list], { minLength: 1, maxLength: Math.min(3, list.length) })
      .map((chosen) => ({ kind: 'words', words: chosen }));
  const general = [
    match(address, inSet(`a_${family}`)),
    match(masked, inSet(`a_${family}`)),
    match(
      address,
      fc.constantFrom(...ADDRESSES[family]).map((one) => ({ kind: 'address' as const, address: one })),
    ),
    match(
      address,
      fc
        .subarray([...PREFIXES[family]], { minLength: 1 })
        .map((cidrs) => ({ kind: 'prefixes' as const, cidrs })),
    ),
    match(concat(header, tuple), inSet(`pair_${family}`)),
    match(concat(address, protocol), inSet(`block_${family}`)),
    match(fc.constant({ kind: 'ctState' }), words(['new', 'established', 'related', 'invalid', 'untracked'])),
  ];
  if (l4 === null)
    return fc.oneof(...general, match(protocol, words(['tcp', 'udp', 'sctp', 'icmp', 'icmpv6', '47'])));
  if (l4 === 'icmp') {
    const types =
      family === 4 ? ['echo-request', 'destination-unreachable'] : ['echo-request', 'packet-too-big'];
    return fc.oneof(...general, match(fc.constant({ kind: 'icmpType', family }), words(types)));
  }
  return fc.oneof(
    ...general,
    match(concat(tuple, port), inSet(`named_${family}`)),
    match(concat(tuple, port), inSet(`net_${family}`)),
    match(concat(port, protocol), inSet('ports')),
    match(port, portsArbitrary()),
    ...(l4 === 'tcp' ? [fc.constant<Statement>({ kind: 'tcpFlagsNotSyn' })] : []),
  );
}

function portsArbitrary(): fc.Arbitrary<Operand> {
  const ranges = [
    { first: 1, last: 79 },
    { first: 80, last: 80 },
    { first: 300, last: 600 },
    { first: 8080, last: 65535 },
  ];
  return fc.subarray(ranges, { minLength: 1 }).map((chosen) => ({ kind: 'ports', ranges: chosen }));
}

/** `targets` are chains further down only. */
function ruleArbitrary(targets: readonly string[], mapsToo: boolean): fc.Arbitrary<Rule> {
  const chain = targets.length > 0 ? [fc.constantFrom(...targets).map((name) => name as ChainName)] : [];
  const endOf = (family: Family): fc.Arbitrary<readonly Statement[]> =>
    fc.oneof(
      fc.constantFrom<readonly Statement[]>([{ kind: 'accept' }], [{ kind: 'drop' }], []),
      ...chain.map((names) =>
        fc
          .tuple(fc.constantFrom('jump' as const, 'goto' as const), names)
          .map(([kind, name]): readonly Statement[] => [{ kind, chain: name }]),
      ),
      ...(mapsToo
        ? [
            fc
              .constantFrom<Expression>(
                { kind: 'ctAddress', direction: 'original', family },
                { kind: 'ctAddress', direction: 'reply', family },
              )
              .map((key): readonly Statement[] => [{ kind: 'vmap', key, map: `m_${family}` as SetName }]),
          ]
        : []),
    );
  return fc
    .record({ family: fc.constantFrom(...FAMILIES), l4: fc.constantFrom<L4>('tcp', 'udp', 'icmp', null) })
    .chain(({ family, l4 }) =>
      fc.record({
        matches: fc.array(matchArbitrary(family, l4), { maxLength: 2 }),
        counted: fc.boolean(),
        end: endOf(family),
        note: fc.constantFrom('', 'shop/api:ingress.0', 'a-b.c_d'),
        first: fc.constant(protocolFirst(family, l4)),
      }),
    )
    .map(({ matches, counted, end, note, first }) => {
      const statements = [...(counted || end.length === 0 ? [{ kind: 'counter' } as const] : []), ...end];
      return { statements: [...first, ...matches, ...statements], note };
    });
}

function protocolFirst(family: Family, l4: L4): readonly Statement[] {
  if (l4 === null) return [];
  const word = l4 === 'icmp' && family === 6 ? 'icmpv6' : l4;
  return [{ kind: 'match', left: { kind: 'l4proto' }, op: '==', right: { kind: 'words', words: [word] } }];
}

function chainOf(name: string, rules: readonly Rule[], hook: Chain['hook'] = null): Chain {
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([hook, rules]))
    .digest('hex')
    .slice(0, 16);
  return { name: name as ChainName, hook, rules, fingerprint };
}

function rulesArbitrary(targets: readonly string[], mapsToo: boolean): fc.Arbitrary<readonly Rule[]> {
  return fc.array(ruleArbitrary(targets, mapsToo), { maxLength: 4 });
}

/** The chains, some of which are there; every reference of one that is leads to one that is. */
export function rulesetArbitrary(): fc.Arbitrary<Ruleset> {
  return fc
    .record({
      sets: fc.tuple(...SET_KINDS.map(setArbitrary)),
      maps: fc.tuple(...FAMILIES.map(mapArbitrary)),
      high: fc.tuple(...HIGH_CHAINS.map((_, index) => rulesArbitrary(HIGH_CHAINS.slice(index + 1), false))),
      low: fc.tuple(
        ...LOW_CHAINS.map((_, index) =>
          rulesArbitrary([...LOW_CHAINS.slice(index + 1), ...HIGH_CHAINS], true),
        ),
      ),
      output: rulesArbitrary([...LOW_CHAINS, ...HIGH_CHAINS], true),
      forward: rulesArbitrary([...LOW_CHAINS, ...HIGH_CHAINS], true),
      forwarding: fc.boolean(),
    })
    .map(({ sets, maps, high, low, output, forward, forwarding }) => {
      const chains = [
        ...HIGH_CHAINS.map((name, index) => chainOf(name, high[index] ?? [])),
        ...LOW_CHAINS.map((name, index) => chainOf(name, low[index] ?? [])),
        chainOf('output_hook', output, { type: 'filter', hook: 'output', priority: -5, policy: 'accept' }),
        ...(forwarding
          ? [
              chainOf('forward_hook', forward, {
                type: 'filter',
                hook: 'forward',
                priority: -5,
                policy: 'accept',
              }),
            ]
          : []),
      ];
      return withoutUnused({ chains, sets, maps });
    });
}

interface Parts {
  readonly chains: readonly Chain[];
  readonly sets: readonly NftSet[];
  readonly maps: readonly NftMap[];
}

/** Only what a base chain leads to, so that two rulesets differ in which objects there are. */
function withoutUnused({ chains, sets, maps }: Parts): Ruleset {
  const used = new Set<string>();
  const byName = new Map(chains.map((chain) => [String(chain.name), chain]));
  const visit = (chain: Chain | undefined): void => {
    if (!chain || used.has(chain.name)) return;
    used.add(chain.name);
    for (const statement of chain.rules.flatMap(({ statements }) => statements)) {
      if (statement.kind === 'jump' || statement.kind === 'goto') visit(byName.get(statement.chain));
      if (statement.kind === 'match' && statement.right.kind === 'set') used.add(statement.right.name);
      if (statement.kind === 'vmap') {
        used.add(statement.map);
        for (const verdict of maps.find(({ name }) => name === statement.map)?.elements.values() ?? []) {
          if (verdict.kind === 'goto') visit(byName.get(verdict.chain));
        }
      }
    }
  };
  for (const chain of chains) if (chain.hook) visit(chain);
  const kept = <T extends { readonly name: string }>(objects: readonly T[]): ReadonlyMap<T['name'], T> =>
    new Map(
      objects
        .filter(({ name }) => used.has(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((object) => [object.name, object]),
    );
  return { table: TABLE, chains: kept(chains), sets: kept(sets), maps: kept(maps) };
}
