import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../model/failure.ts';
import { addChain, addRule, addSet, addTable } from './commands.ts';
import { decodeElement, encodeElement } from './elements.ts';
import type { ChainName, ElementType, SetName, Statement } from './objects.ts';
import { toText } from './text.ts';

const TABLE = { family: 'inet', name: 'policyd' } as const;
const CHAIN = { name: 'c' as ChainName, fingerprint: 'abc', hook: null };

/** Text a user could have smuggled into a name or a note: never rendered, always refused. */
const foreignText = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom('"; drop', 'a b', 'x\n}', 'Ä', 'a{', '@set', 'x#', '../x', 'ABC', 'a'.repeat(200)),
  )
  .filter((text) => !/^[a-z][a-z0-9_]{0,63}$/.test(text));

describe('commands', () => {
  it('refuse every name that is not of our alphabet', () => {
    fc.assert(
      fc.property(foreignText, (text) => {
        const name = text as ChainName & SetName;
        expect(() => addChain(TABLE, { name, hook: null })).toThrow(Failure);
        expect(() => addTable({ family: 'inet', name: text })).toThrow(Failure);
        expect(() => addSet(TABLE, { name, type: ['ipv4_addr'], interval: false }, [])).toThrow(Failure);
        expect(() =>
          addRule(TABLE, CHAIN, { statements: [{ kind: 'goto', chain: name }], note: '' }, 0),
        ).toThrow(Failure);
        const chains = new Map([[name, { ...CHAIN, name, rules: [] }]]);
        expect(() => toText({ table: TABLE, chains, sets: new Map(), maps: new Map() })).toThrow(Failure);
      }),
    );
  });

  it('refuse every note that is not of our alphabet or is too long', () => {
    const allowed = /^[A-Za-z0-9_./:-]{0,90}$/;
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), foreignText), (note) => {
        fc.pre(!allowed.test(note));
        expect(() => addRule(TABLE, CHAIN, { statements: [], note }, 0)).toThrow(Failure);
      }),
    );
    expect(() => addRule(TABLE, CHAIN, { statements: [], note: 'a\n' }, 0)).toThrow(Failure);
    expect(() => addRule(TABLE, CHAIN, { statements: [], note: 'x'.repeat(90) }, 0)).not.toThrow();
  });

  it.each<[string, Statement]>([
    [
      'a word nft has not',
      { kind: 'match', left: { kind: 'l4proto' }, op: '==', right: { kind: 'words', words: ['x y'] } },
    ],
    [
      'no word at all',
      { kind: 'match', left: { kind: 'ctState' }, op: '==', right: { kind: 'words', words: [] } },
    ],
    [
      'an address that is none',
      {
        kind: 'match',
        left: { kind: 'ctAddress', direction: 'original', family: 4 },
        op: '==',
        right: { kind: 'address', address: '@everything' },
      },
    ],
    [
      'a prefix that is none',
      {
        kind: 'match',
        left: { kind: 'ctAddress', direction: 'original', family: 4 },
        op: '==',
        right: { kind: 'prefixes', cidrs: ['10.0.0.0/8 }'] },
      },
    ],
  ])('refuse %s', (_, statement) => {
    expect(() => addRule(TABLE, CHAIN, { statements: [statement], note: '' }, 0)).toThrow(Failure);
  });

  it('mark each rule with the fingerprint of its chain and its position', () => {
    const command = addRule(TABLE, CHAIN, { statements: [{ kind: 'drop' }], note: 'shop/api:ingress.0' }, 4);
    expect(command).toMatchObject({ add: { rule: { comment: 'abc.4 shop/api:ingress.0' } } });
  });
});

describe('elements', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const fields: Readonly<Record<ElementType, fc.Arbitrary<string>>> = {
    ipv4_addr: fc.tuple(octet, octet).map(([a, b]) => `10.0.${a}.${b}`),
    ipv6_addr: octet.map((a) => `2001:db8::${(a + 1).toString(16)}`),
    inet_service: fc.integer({ min: 0, max: 65535 }).map(String),
    inet_proto: fc.constantFrom('tcp', 'udp', 'sctp', 'icmp', 'icmpv6', '47', '0'),
    ifname: fc.constantFrom('eth0', 'v-1.2', 'cali@x:_'),
  };
  const types = fc.array(
    fc.constantFrom<ElementType>('ipv4_addr', 'ipv6_addr', 'inet_service', 'inet_proto', 'ifname'),
    {
      minLength: 1,
      maxLength: 3,
    },
  );

  it('come back from JSON as they were', () => {
    fc.assert(
      fc.property(
        types.chain((type) =>
          fc.record({
            type: fc.constant(type),
            parts: fc.tuple(...type.map((one) => fc.tuple(fields[one], fields[one]))),
          }),
        ),
        ({ type, parts }) => {
          // Names have no ranges, and may hold a dash.
          const element = parts
            .map(([a, b], index) => (a === b || type[index] === 'ifname' ? a : `${a}-${b}`))
            .join(' . ');
          expect(decodeElement(type, JSON.parse(JSON.stringify(encodeElement(type, element))))).toBe(element);
        },
      ),
    );
  });

  it('are refused when they could mean something else to nft', () => {
    for (const element of ['@other', '10.0.0.1 accept', '10.0.0.1, 10.0.0.2', '', '{ }', '10.0.0.1 . 80']) {
      expect(() => encodeElement(['ipv4_addr'], element), element).toThrow(Failure);
    }
  });
});
