import { describe, expect, it } from 'vitest';
import { Failure } from '../model/failure.ts';
import { parseListing } from './listing.ts';
import { type ObservedTable, observe } from './observe.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;
const IN = { family: 'inet', table: 'policyd' } as const;

function observed(...objects: readonly Readonly<Record<string, unknown>>[]): ObservedTable {
  const listing = parseListing({
    nftables: [{ metainfo: { version: '1.0.6' } }, { table: TABLE }, ...objects],
  });
  const table = observe(listing, TABLE);
  if (!table) throw new Error('not observed');
  return table;
}

function chainWith(...comments: readonly (string | undefined)[]): unknown {
  const rules = comments.map((comment) => ({ rule: { ...IN, chain: 'c', handle: 7, comment, expr: [] } }));
  return observed({ chain: { ...IN, name: 'c', handle: 1 } }, ...rules).chains.get('c')?.fingerprint;
}

describe('observe', () => {
  it('sees no table when there is none of that family and name', () => {
    const listing = parseListing({ nftables: [{ table: { family: 'ip', name: 'policyd' } }] });
    expect(observe(listing, TABLE)).toBeNull();
  });

  it('takes the fingerprint that all comments of a chain agree on', () => {
    expect(chainWith('abc.0', 'abc.1 shop/api:ingress.0')).toBe('abc');
    expect(chainWith()).toBe('');
  });

  it.each<[string, readonly (string | undefined)[]]>([
    ['a rule has no comment', ['abc.0', undefined]],
    ['a foreign rule stands in front', ['hello', 'abc.0']],
    ['rules are out of order', ['abc.1', 'abc.0']],
    ['the first rule is missing', ['abc.1']],
    ['a rule is there twice', ['abc.0', 'abc.0']],
    ['rules of two writings are mixed', ['abc.0', 'def.1']],
  ])('has no fingerprint when %s', (_, comments) => {
    expect(chainWith(...comments)).toBeNull();
  });

  it('reads elements in canonical form whatever form nft chose', () => {
    const table = observed(
      {
        set: {
          ...IN,
          name: 'net',
          type: ['ipv4_addr', 'inet_service'],
          flags: ['interval'],
          elem: [
            { concat: [{ prefix: { addr: '10.0.0.0', len: 16 } }, { range: [0, 65535] }] },
            { concat: [{ range: ['11.0.0.3', '11.0.0.9'] }, 80] },
            { concat: [{ prefix: { addr: '12.0.0.1', len: 32 } }, { range: [7, 7] }] },
          ],
        },
      },
      {
        set: {
          ...IN,
          name: 'six',
          type: 'ipv6_addr',
          flags: 'interval',
          elem: ['2001:DB8:0:0:1::', '::ffff:1.2.3.4'],
        },
      },
      { set: { ...IN, name: 'protocol', type: ['inet_proto'], elem: ['ipv6-icmp', 17, 'gre'] } },
    );
    expect([...(table.sets.get('net')?.elements ?? [])]).toEqual([
      '10.0.0.0-10.0.255.255 . 0-65535',
      '11.0.0.3-11.0.0.9 . 80',
      '12.0.0.1 . 7',
    ]);
    expect(table.sets.get('six')?.shape).toEqual({ type: ['ipv6_addr'], interval: true });
    expect(table.sets.get('six')?.elements.has('2001:db8:0:0:1::')).toBe(true);
    expect([...(table.sets.get('protocol')?.elements ?? [])]).toEqual(['icmpv6', 'udp', '47']);
  });

  it('reads verdict maps, and does not recognise another kind of map', () => {
    const elem = [
      ['10.0.0.1', { goto: { target: 'in_pod' } }],
      ['10.0.0.2', { accept: null }],
    ];
    const table = observed(
      { map: { ...IN, name: 'in4', type: 'ipv4_addr', map: 'verdict', elem } },
      { map: { ...IN, name: 'marks', type: 'ipv4_addr', map: 'mark', elem: [['10.0.0.1', 1]] } },
      {
        map: {
          ...IN,
          name: 'jumps',
          type: 'ipv4_addr',
          map: 'verdict',
          elem: [['10.0.0.1', { jump: { target: 'c' } }]],
        },
      },
    );
    expect([...(table.maps.get('in4')?.elements ?? [])]).toEqual([
      ['10.0.0.1', 'goto in_pod'],
      ['10.0.0.2', 'accept'],
    ]);
    expect(table.maps.get('marks')?.shape).toBeNull();
    expect(table.maps.get('jumps')?.shape).toBeNull();
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['expire', { flags: ['timeout'], timeout: 60 }],
    ['grow by packets', { flags: 'dynamic' }],
    ['hold no more than so many', { size: 10 }],
    ['are of an unknown type', { type: 'ether_addr' }],
    ['hold elements with a timeout', { elem: [{ elem: { val: '10.0.0.1', timeout: 5 } }] }],
  ])('does not recognise sets that %s', (_, properties) => {
    const table = observed({ set: { ...IN, name: 's', type: 'ipv4_addr', ...properties } });
    expect(table.sets.get('s')?.shape).toBeNull();
  });

  it('names flags of the table and objects of other kinds as foreign', () => {
    const listing = parseListing({
      nftables: [{ table: { ...TABLE, flags: 'dormant' } }, { counter: { ...IN, name: 'x' } }],
    });
    expect(observe(listing, TABLE)?.foreign).toEqual(['table flag dormant', 'counter']);
  });
});

describe('parseListing', () => {
  it.each<[string, unknown, string]>([
    ['no object', 'text', 'the listing'],
    ['no list', { nftables: {} }, 'nftables'],
    ['a chain without a name', { nftables: [{ chain: IN }] }, 'nftables[0].chain.name'],
    [
      'a rule whose expressions are no list',
      { nftables: [{ rule: { ...IN, chain: 'c', expr: 1 } }] },
      'expr',
    ],
  ])('refuses %s and says where', (_, json, where) => {
    const attempt = (): unknown => parseListing(json);
    expect(attempt).toThrow(Failure);
    expect(attempt).toThrow(where);
  });

  it('passes over properties it does not know', () => {
    const { chains } = parseListing({ nftables: [{ chain: { ...IN, name: 'c', novelty: { deep: 1 } } }] });
    expect(chains[0]?.name).toBe('c');
  });
});
