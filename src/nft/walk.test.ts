import { describe, expect, it } from 'vitest';
import type { Address } from '../model/address.ts';
import { Failure } from '../model/failure.ts';
import { parseListing } from './listing.ts';
import type { TableFamily } from './objects.ts';
import type { CtState, Packet, TcpFlag } from './packet.ts';
import { firstPacket, replyPacket } from './packet.ts';
import { type Walk, type Walkable, walk, walkableFromListing } from './walk.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;
const IN = { family: 'inet', table: 'policyd' } as const;
const ACCEPT = { accept: null };
const DROP = { drop: null };
const COUNTER = { counter: { packets: 3, bytes: 180 } };
const jump = (target: string): unknown => ({ jump: { target } });
const goto = (target: string): unknown => ({ goto: { target } });
const match = (left: unknown, right: unknown, op = '=='): unknown => ({ match: { op, left, right } });
const L4 = { meta: { key: 'l4proto' } };
const STATE = { ct: { key: 'state' } };
const CLIENT = { ct: { key: 'ip saddr', dir: 'original' } };
const BACKEND = { ct: { key: 'ip saddr', dir: 'reply' } };
const PORT = { ct: { key: 'proto-src', dir: 'reply' } };

type Rules = readonly (readonly unknown[])[];

/** Chains by name; `hook` is the base chain. */
function through(
  chains: Readonly<Record<string, Rules>>,
  packet: Packet,
  objects: readonly unknown[] = [],
  policy = 'accept',
): Walk {
  const nftables = [
    { table: TABLE },
    ...objects,
    ...Object.keys(chains).map((name) => ({
      chain: {
        ...IN,
        name,
        ...(name === 'hook' ? { type: 'filter', hook: 'forward', prio: -5, policy } : {}),
      },
    })),
    ...Object.entries(chains).flatMap(([chain, rules]) =>
      rules.map((expr, index) => ({
        rule: { ...IN, chain, handle: index, comment: `f.${index} n${index}`, expr },
      })),
    ),
  ];
  return walk([walkableFromListing(parseListing({ nftables }), TABLE)], packet);
}

const address = (text: string): Address => text as Address;
const SYN = firstPacket({
  source: address('10.0.0.1'),
  destination: address('10.0.0.2'),
  transport: { kind: 'ports', protocol: 'TCP', port: 80 },
});
const SIX = firstPacket({
  source: address('2001:db8::1'),
  destination: address('2001:db8::2'),
  transport: { kind: 'ports', protocol: 'UDP', port: 53 },
});
const PING = firstPacket({
  source: address('10.0.0.1'),
  destination: address('10.0.0.2'),
  transport: { kind: 'other', ipProtocol: 1 },
});

function verdict(rule: readonly unknown[], packet: Packet, objects: readonly unknown[] = []): string {
  return through({ hook: [[...rule, DROP]] }, packet, objects).verdict;
}

describe('walk', () => {
  it('comes back after a jump and not after a goto', () => {
    const last: Rules = [[]];
    expect(through({ hook: [[jump('c')], [DROP]], c: last }, SYN).verdict).toBe('drop');
    expect(through({ hook: [[goto('c')], [DROP]], c: last }, SYN).verdict).toBe('accept');
    expect(through({ hook: [[jump('b')], [DROP]], b: [[goto('c')], [ACCEPT]], c: last }, SYN).verdict).toBe(
      'drop',
    );
  });

  it('leaves a chain by return, and the base chain by its policy', () => {
    const back: Rules = [[{ return: null }], [ACCEPT]];
    expect(through({ hook: [[jump('c')], [DROP]], c: back }, SYN).verdict).toBe('drop');
    const end = through({ hook: [[{ return: null }], [ACCEPT]] }, SYN, [], 'drop');
    expect(end).toMatchObject({ verdict: 'drop', decided: { chain: 'hook', rule: null } });
  });

  it('accepts what no chain is hooked for, and says so', () => {
    expect(through({ c: [[DROP]] }, SYN)).toEqual({ verdict: 'accept', decided: null, path: [] });
  });

  it('goes on to the next base chain after an accept, and ends at a drop', () => {
    const base = (name: string, prio: number): unknown => ({
      chain: { ...IN, name, type: 'filter', hook: 'forward', prio, policy: 'accept' },
    });
    const rule = (chain: string, expr: readonly unknown[]): unknown => ({ rule: { ...IN, chain, expr } });
    const both = {
      nftables: [base('late', 5), base('early', -5), rule('late', [DROP]), rule('early', [ACCEPT])],
    };
    const { path, decided } = walk([walkableFromListing(parseListing(both), TABLE)], SYN);
    expect(path.map(({ chain }) => chain)).toEqual(['early', 'late']);
    expect(decided).toEqual({ table: TABLE, chain: 'late', rule: 0 });
  });

  it('records each rule it tried, with look-ups, counters and notes', () => {
    const set = { set: { ...IN, name: 's', type: 'ipv4_addr', elem: ['10.0.0.2'] } };
    const map = {
      map: {
        ...IN,
        name: 'm',
        type: 'ipv4_addr',
        map: 'verdict',
        elem: [['10.0.0.2', { goto: { target: 'c' } }]],
      },
    };
    const rules: Rules = [[match(CLIENT, '@s'), DROP], [{ vmap: { key: BACKEND, data: '@m' } }], [DROP]];
    const { path, verdict: end, decided } = through({ hook: rules, c: [[COUNTER, ACCEPT]] }, SYN, [set, map]);
    expect(end).toBe('accept');
    expect(decided).toEqual({ table: TABLE, chain: 'c', rule: 0 });
    expect(path).toMatchObject([
      {
        chain: 'hook',
        rule: 0,
        note: 'n0',
        matched: false,
        lookups: [{ set: 's', key: '10.0.0.1', hit: false }],
      },
      {
        chain: 'hook',
        rule: 1,
        matched: true,
        lookups: [{ set: 'm', key: '10.0.0.2', hit: true, element: '10.0.0.2' }],
        outcome: { kind: 'goto', chain: 'c' },
      },
      { chain: 'c', rule: 0, counter: { packets: 3, bytes: 180 }, outcome: { kind: 'accept' } },
    ]);
  });

  it('tries the next rule when a verdict map does not hold the key', () => {
    const map = { map: { ...IN, name: 'm', type: 'ipv4_addr', map: 'verdict' } };
    expect(through({ hook: [[{ vmap: { key: CLIENT, data: '@m' } }], [DROP]] }, SYN, [map]).verdict).toBe(
      'drop',
    );
  });

  it('compares IPv6 with IPv6, even where an interval ends among the IPv4-mapped addresses', () => {
    const left = { concat: [{ ct: { key: 'ip6 saddr', dir: 'original' } }, L4] };
    const inside = (last: string): string => {
      const elem = [{ concat: [{ range: ['::', last] }, { range: [0, 255] }] }];
      const set = { set: { ...IN, name: 's', type: ['ipv6_addr', 'inet_proto'], flags: 'interval', elem } };
      const from = firstPacket({
        source: address('::1:0:0'),
        destination: address('2001:db8::2'),
        transport: { kind: 'ports', protocol: 'UDP', port: 53 },
      });
      return verdict([match(left, '@s')], from, [set]);
    };
    expect(inside('::ffff:255.255.255.255')).toBe('drop');
    expect(inside('::0.0.0.9')).toBe('accept');
  });

  it('names the interval that held the key', () => {
    const elem = [{ concat: [{ prefix: { addr: '10.0.0.0', len: 24 } }, { range: [0, 443] }] }];
    const set = { set: { ...IN, name: 's', type: ['ipv4_addr', 'inet_service'], flags: ['interval'], elem } };
    const { path } = through({ hook: [[match({ concat: [CLIENT, PORT] }, '@s'), DROP]] }, SYN, [set]);
    expect(path[0]?.lookups).toEqual([
      { set: 's', key: '10.0.0.1 . 80', hit: true, element: '10.0.0.0-10.0.0.255 . 0-443', negated: false },
    ]);
  });

  it.each<[string, readonly unknown[], Packet, 'accept' | 'drop']>([
    ['one state', [match(STATE, 'new', 'in')], SYN, 'drop'],
    ['states as a list', [match(STATE, ['new', 'related'], 'in')], SYN, 'drop'],
    ['states as a set', [match(STATE, { set: ['invalid', 'untracked'] })], SYN, 'accept'],
    ['another state', [match(STATE, 'new', '!=')], SYN, 'accept'],
    ['a protocol by name', [match(L4, 'tcp')], SYN, 'drop'],
    ['a protocol by number', [match(L4, 6)], SYN, 'drop'],
    ["the machine's word for ICMPv6", [match(L4, { set: ['icmp', 'ipv6-icmp'] })], SIX, 'accept'],
    ['ports as nft 1.0.6 lists them', [match(PORT, { set: ['0x50 [invalid type]'] })], SYN, 'drop'],
    ['a range of ports', [match(PORT, { range: [81, 90] })], SYN, 'accept'],
    ['a prefix', [match(CLIENT, { prefix: { addr: '10.0.0.0', len: 8 } })], SYN, 'drop'],
    [
      'prefixes',
      [match(BACKEND, { set: [{ prefix: { addr: '10.0.1.0', len: 24 } }, '10.0.0.2'] })],
      SYN,
      'drop',
    ],
    ['not a prefix', [match(CLIENT, { prefix: { addr: '10.0.0.0', len: 8 } }, '!=')], SYN, 'accept'],
    ['an IPv4 tuple, of an IPv6 packet', [match(CLIENT, '10.9.9.9', '!=')], SIX, 'accept'],
    ['an ICMP type', [match({ payload: { protocol: 'icmp', field: 'type' } }, 'echo-request')], PING, 'drop'],
    [
      'an ICMP type, of TCP',
      [match({ payload: { protocol: 'icmp', field: 'type' } }, 'redirect', '!=')],
      SYN,
      'accept',
    ],
    ['a header address', [match({ payload: { protocol: 'ip', field: 'daddr' } }, '10.0.0.2')], SYN, 'drop'],
  ])('understands %s', (_, rule, packet, expected) => {
    expect(verdict(rule, packet)).toBe(expected);
  });

  it.each<[readonly TcpFlag[], 'accept' | 'drop']>([
    [['syn'], 'accept'],
    [['syn', 'psh'], 'accept'],
    [['syn', 'ack'], 'drop'],
    [['ack'], 'drop'],
    [[], 'drop'],
    [['syn', 'fin'], 'drop'],
    [['syn', 'rst'], 'drop'],
  ])('tells a plain SYN from the flags %j', (tcpFlags, expected) => {
    const words = ['fin', 'syn', 'rst', 'ack'];
    // As nft 1.0.6 lists the mask, and as 1.1.3 does.
    for (const mask of [words, { '|': words }]) {
      const flags = { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, mask] };
      expect(verdict([match(flags, 'syn', '!=')], { ...SYN, tcpFlags })).toBe(expected);
      expect(verdict([match(flags, 'syn', '!=')], PING)).toBe('accept');
    }
  });

  it.each<CtState>(['invalid', 'untracked'])('finds no tuple in %s packets, negated or not', (state) => {
    const stray = { ...SYN, state, connection: null };
    for (const op of ['==', '!=']) {
      expect(verdict([match(CLIENT, '10.0.0.1', op)], stray)).toBe('accept');
      expect(verdict([match(PORT, 80, op)], stray)).toBe('accept');
    }
    expect(verdict([match(STATE, state, 'in')], stray)).toBe('drop');
  });

  it('judges a reply by the same tuple as the request', () => {
    const answer = replyPacket({
      source: address('10.0.0.1'),
      destination: address('10.0.0.2'),
      transport: { kind: 'ports', protocol: 'TCP', port: 80 },
    });
    for (const rule of [match(CLIENT, '10.0.0.1'), match(BACKEND, '10.0.0.2'), match(PORT, 80)]) {
      expect(verdict([rule], answer)).toBe('drop');
    }
    expect(verdict([match({ payload: { protocol: 'ip', field: 'saddr' } }, '10.0.0.2')], answer)).toBe(
      'drop',
    );
  });

  it.each<[string, unknown]>([
    ['another statement', { log: null }],
    ['a limit', { limit: { rate: 1, per: 'second' } }],
    ['another expression', match({ meta: { key: 'mark' } }, 1)],
    ['a pattern of links', match({ meta: { key: 'iifname' } }, 'eth*')],
    ['an unknown kind of frame', match({ meta: { key: 'pkttype' } }, 'nonsense')],
    ['another operator', match(PORT, 80, '<')],
    ['a bit test of something else', match(L4, 6, 'in')],
    [
      'another mask of the flags',
      match({ '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, 2] }, 'syn', '!='),
    ],
    ['a word that is not a port', match(PORT, 'http')],
    ['an address of the other family', match(CLIENT, '2001:db8::1')],
    ['an unknown protocol', match(L4, 'nonsense')],
    [
      'an anonymous concatenation',
      match({ concat: [CLIENT, PORT] }, { set: [{ concat: ['10.0.0.1', 80] }] }),
    ],
    ['an anonymous verdict map', { vmap: { key: CLIENT, data: { set: [] } } }],
    ['a jump with more to it', { jump: { target: 'c', novelty: 1 } }],
    ['a set that is not there', match(CLIENT, '@absent')],
    ['a chain that is not there', jump('absent')],
  ])('refuses %s', (_, statement) => {
    const attempt = (): unknown => through({ hook: [[statement, ACCEPT]], c: [] }, SYN);
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(expect.objectContaining({ code: 'NFT_UNREADABLE' }));
  });

  it('knows how a frame was addressed, to one host unless told', () => {
    const everybody = match({ meta: { key: 'pkttype' } }, 'host', '!=');
    expect(verdict([everybody], SYN)).toBe('accept');
    expect(verdict([everybody], { ...SYN, packetType: 'broadcast' })).toBe('drop');
    expect(verdict([everybody], { ...SYN, packetType: 'multicast' })).toBe('drop');
    const multicast = match({ meta: { key: 'pkttype' } }, 'multicast');
    expect(verdict([multicast], { ...SYN, packetType: 'broadcast' })).toBe('accept');
  });

  it('knows the length of an IPv6 payload', () => {
    const short = match({ payload: { protocol: 'ip6', field: 'length' } }, { range: [24, 32] });
    expect(verdict([short], { ...SIX, payloadLength: 32 })).toBe('drop');
    expect(verdict([short], { ...SIX, payloadLength: 33 })).toBe('accept');
    expect(verdict([short], { ...SYN, payloadLength: 32 })).toBe('accept');
  });

  it('knows the links of a packet where they are given, and takes them for nobody’s where they are not', () => {
    const into = match({ meta: { key: 'iifname' } }, 'cni0');
    const out = match({ meta: { key: 'oifname' } }, { set: ['cni0', 'cni1'] });
    const bridged = { ...SYN, links: { in: 'cni0', out: 'cni1' } };
    expect(verdict([into], bridged)).toBe('drop');
    expect(verdict([out], bridged)).toBe('drop');
    expect(verdict([into], { ...SYN, links: { in: 'cni00', out: 'cni0' } })).toBe('accept');
    expect(verdict([into], SYN)).toBe('accept');
    expect(verdict([out], SYN)).toBe('accept');
  });

  it('refuses somebody else’s rule about links: which ones a packet takes is known of bridges only', () => {
    const expr = [match({ meta: { key: 'iifname' } }, 'eth0'), DROP];
    const foreign = { rule: { ...IN, chain: 'hook', handle: 9, expr } };
    expect(() => through({ hook: [] }, SYN, [foreign])).toThrow(
      expect.objectContaining({ code: 'NFT_UNREADABLE' }),
    );
  });

  it('refuses only what a packet meets', () => {
    const chains = { hook: [[match(L4, 'udp'), goto('strange')], [DROP]], strange: [[{ log: null }]] };
    expect(through(chains, SYN).verdict).toBe('drop');
    expect(() => through(chains, { ...SYN, protocol: 17 })).toThrow(Failure);
  });

  it('refuses rules that never end', () => {
    expect(() => through({ hook: [[jump('c')]], c: [[jump('c')]] }, SYN)).toThrow(Failure);
    expect(() => through({ hook: [[goto('c')]], c: [[goto('c')]] }, SYN)).toThrow(Failure);
  });

  it('knows that a dormant table does nothing', () => {
    const listing = parseListing({
      nftables: [
        { table: { ...TABLE, flags: ['dormant'] } },
        { chain: { ...IN, name: 'hook', type: 'filter', hook: 'forward', prio: 0, policy: 'drop' } },
      ],
    });
    expect(walk([walkableFromListing(listing, TABLE)], SYN).verdict).toBe('accept');
  });
});

describe('walk through several tables', () => {
  type Place = readonly [family: string, hook: string, prio: number, dev?: string | readonly string[]];

  /** One table with one chain, which accepts or drops. */
  function table([family, hook, prio, dev]: Place, name = 'policyd', end = ACCEPT as object): Walkable {
    const place = { family, table: name };
    const own = { family: family as TableFamily, name };
    const device = dev === undefined ? {} : { dev };
    const chain = {
      ...place,
      name: `${hook}_${prio}`,
      type: 'filter',
      hook,
      prio,
      policy: 'accept',
      ...device,
    };
    const nftables = [
      { table: own },
      { chain },
      { rule: { ...place, chain: chain.name, handle: 1, comment: 'f.0', expr: [end] } },
    ];
    return walkableFromListing(parseListing({ nftables }), own);
  }

  const bridged: Packet = {
    ...SYN,
    ...{ way: 'bridged', links: { in: 'cni0', out: 'cni0' }, bridgePorts: { in: 'va', out: 'vb' } },
  };
  const places: readonly Place[] = [
    ['netdev', 'ingress', -5, 'va'],
    ['bridge', 'prerouting', -210],
    ['inet', 'prerouting', -300],
    ['inet', 'prerouting', -150],
    ['bridge', 'prerouting', 5],
    ['bridge', 'forward', -210],
    ['inet', 'forward', -6],
    ['inet', 'forward', -5],
    ['bridge', 'forward', 5],
    ['bridge', 'postrouting', 0],
  ];
  const chains = ({ path }: Walk): readonly string[] =>
    path.map(({ table: { family }, chain }) => `${family} ${chain}`);

  it('meets their chains by hook, then by priority, in whatever order the tables are given', () => {
    const tables = places.map((place, index) => table(place, `t${index}`));
    for (const given of [tables, tables.toReversed()]) {
      const walked = walk(given, bridged);
      expect(chains(walked)).toEqual(places.map(([family, hook, prio]) => `${family} ${hook}_${prio}`));
      expect(walked.verdict).toBe('accept');
      expect(walked.decided).toEqual({
        table: { family: 'bridge', name: 't9' },
        ...{ chain: 'postrouting_0', rule: 0 },
      });
    }
  });

  it('ends at the first that drops', () => {
    for (const [at, place] of places.entries()) {
      const tables = places.map((each, index) => table(each, `t${index}`, each === place ? DROP : ACCEPT));
      const walked = walk(tables, bridged);
      expect(walked.verdict).toBe('drop');
      expect(walked.decided?.table.name).toBe(`t${at}`);
      expect(walked.path).toHaveLength(at + 1);
    }
  });

  it('passes only what is on the way', () => {
    const others: readonly Place[] = [
      ['inet', 'input', 0],
      ['inet', 'output', 0],
      ['netdev', 'ingress', 0, 'vb'],
      ['netdev', 'ingress', 0, 'cni0'],
    ];
    const tables = others.map((place, index) => table(place, `t${index}`, DROP));
    expect(walk(tables, bridged)).toEqual({ verdict: 'accept', decided: null, path: [] });
  });

  it('knows a chain of several links', () => {
    const several = table(['netdev', 'ingress', 0, ['va', 'vb']], 't', DROP);
    expect(walk([several], bridged).verdict).toBe('drop');
  });

  it.each<[string, Place]>([
    ['a chain beside br_netfilter, of which nobody knows which is first', ['bridge', 'forward', 0]],
    ['one that older kernels have there', ['bridge', 'forward', -1]],
    ['one beside it in prerouting', ['bridge', 'prerouting', 0]],
    ['one beside conntrack', ['inet', 'prerouting', -200]],
    ['one beside DNAT', ['inet', 'prerouting', -100]],
    ['one of a link that is not listed', ['netdev', 'ingress', 0]],
    ['one in a hook that packets are not taken through', ['inet', 'postrouting', 0]],
    ['one that sees what leaves by a link', ['netdev', 'egress', 0, 'va']],
  ])('refuses %s', (_, place) => {
    expect(() => walk([table(place)], bridged)).toThrow(expect.objectContaining({ code: 'NFT_UNREADABLE' }));
  });
});
