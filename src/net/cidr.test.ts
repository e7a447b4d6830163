import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Address, Cidr, Family } from '../model/address.ts';
import { addressFrom } from './address.ts';
import { cidrContains, cidrRange, everything, parseCidr, prefixLength, strictlyContains } from './cidr.ts';

const family: fc.Arbitrary<Family> = fc.constantFrom(4, 6);
const bitsOf = (of: Family): number => (of === 4 ? 32 : 128);
const addressOf = (of: Family): fc.Arbitrary<Address> =>
  fc
    .bigInt({ min: 0n, max: (1n << BigInt(bitsOf(of))) - 1n })
    .filter((value) => of === 4 || value >> 32n !== 0xffffn)
    .map((value) => addressFrom(of, value));

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === null) throw new TypeError(`${text} is no prefix`);
  return parsed.cidr;
}

describe('prefixes', () => {
  test('a prefix holds exactly the addresses that Node’s BlockList says it holds', () => {
    const cases = family.chain((of) =>
      fc.record({
        of: fc.constant(of),
        base: addressOf(of),
        bits: fc.integer({ min: 0, max: bitsOf(of) }),
        flip: fc.integer({ min: 0, max: bitsOf(of) - 1 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ of, base, bits, flip }) => {
        const list = new BlockList();
        const kind = of === 4 ? 'ipv4' : 'ipv6';
        list.addSubnet(base, bits, kind);
        const prefix = cidr(`${base}/${bits}`);
        // One bit away from the base: inside or outside depending on which bit.
        const near = addressFrom(of, cidrRange(cidr(`${base}/${bitsOf(of)}`)).first ^ (1n << BigInt(flip)));
        for (const address of [base, near])
          expect(cidrContains(prefix, address)).toBe(list.check(address, kind));
      }),
      { numRuns: 1000 },
    );
  });

  test('the text is canonical: parsing it again changes nothing, and nothing is masked then', () => {
    fc.assert(
      fc.property(
        family.chain((of) => fc.tuple(addressOf(of), fc.integer({ min: 0, max: bitsOf(of) }))),
        ([base, bits]) => {
          const once = cidr(`${base}/${bits}`);
          fc.pre(!once.startsWith('::ffff:'));
          expect(parseCidr(once)).toEqual({ cidr: once, masked: false });
          expect(prefixLength(once)).toBe(bits);
        },
      ),
    );
  });

  test('E1 strictly inside is: contained, and not the same', () => {
    const pair = fc.tuple(addressOf(4), fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(pair, ([base, a, b]) => {
        expect(strictlyContains(cidr(`${base}/${a}`), cidr(`${base}/${b}`))).toBe(a < b);
      }),
    );
    expect(strictlyContains(cidr('10.0.0.0/8'), cidr('11.0.0.0/16'))).toBe(false);
    expect(strictlyContains(everything(4), cidr('2001:db8::/32'))).toBe(false);
  });

  test('E3 the whole of one family holds nothing of the other', () => {
    expect(cidrContains(everything(4), addressFrom(6, 1n))).toBe(false);
    expect(cidrContains(everything(6), addressFrom(4, 1n))).toBe(false);
    expect(cidrContains(everything(6), addressFrom(6, 1n))).toBe(true);
  });

  test.each([
    ['192.168.1.5/24', '192.168.1.0/24', true],
    ['10.0.0.1/32', '10.0.0.1/32', false],
    ['2001:db8::1/32', '2001:db8::/32', true],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8', true],
    ['::ffff:0:0/96', '0.0.0.0/0', false],
    ['010.0.0.0/08', '10.0.0.0/8', false],
  ])('E4 %s is %s', (text, canonical, masked) => {
    expect(parseCidr(text)).toEqual({ cidr: canonical, masked });
  });

  test.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '/8',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '',
  ])('%j is no prefix', (text) => {
    expect(parseCidr(text)).toBeNull();
  });
});
