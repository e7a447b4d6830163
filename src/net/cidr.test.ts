import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cidr } from '../model/address.ts';
import { addressFrom, parseAddress } from './address.ts';
import { cidrContains, cidrRange, everything, parseCidr, strictlyContains } from './cidr.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === null) throw new TypeError(`${text} is no CIDR`);
  return parsed.cidr;
}

function holds(block: string, text: string): boolean {
  const address = parseAddress(text);
  if (address === null) throw new TypeError(`${text} is no address`);
  return cidrContains(cidr(block), address);
}

describe('parseCidr', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['192.168.1.5/24', '192.168.1.0/24', true],
    ['010.0.0.0/08', '10.0.0.0/8', false],
    ['0.0.0.0/0', '0.0.0.0/0', false],
    ['255.255.255.255/0', '0.0.0.0/0', true],
    ['10.0.0.1/32', '10.0.0.1/32', false],
    ['::/0', '::/0', false],
    ['2001:DB8::1/64', '2001:db8::/64', true],
    ['::1/128', '::1/128', false],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', false],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8', true],
    ['::ffff:0:0/96', '0.0.0.0/0', false],
    ['::ffff:10.0.0.1/128', '10.0.0.1/32', false],
    ['::/96', '::/96', false],
  ])('%s is %s, host bits set: %s', (text, canonical, masked) => {
    expect(parseCidr(text)).toEqual({ cidr: canonical, masked });
  });

  test.each([
    '',
    '/',
    '10.0.0.0',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/+8',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '10.0.0.0/8 ',
    '10.0.0/8',
    '::/129',
    '::/1e1',
    '::ffff:10.0.0.0/95',
    '::ffff:10.0.0.0/129',
    '10.0.0.0/0008',
    'fe80::1%eth0/64',
    '10.0.0.0/8\n',
  ])('%j is no CIDR', (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  test('a prefix has 2^(width - bits) addresses, begins where it says, and reads as itself', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(4 as const, 6 as const),
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
        fc.nat({ max: 128 }),
        (family, random, bitsOf) => {
          const width = family === 4 ? 32 : 128;
          const bits = bitsOf % (width + 1);
          const parsed = parseCidr(`${addressFrom(family, random % 2n ** BigInt(width))}/${bits}`);
          if (parsed === null) return;
          const { first, last, family: found } = cidrRange(parsed.cidr);
          expect(found).toBe(family);
          expect(last - first + 1n).toBe(2n ** BigInt(width - bits));
          expect(first % 2n ** BigInt(width - bits)).toBe(0n);
          expect(parseCidr(parsed.cidr)).toEqual({ cidr: parsed.cidr, masked: false });
        },
      ),
    );
  });
});

describe('cidrContains', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0', true],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '0.0.0.0', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '10.0.0.1', false],
    ['::/0', '::ffff:10.0.0.1', false],
    ['::ffff:0:0/96', '10.0.0.1', true],
    ['::/0', 'ffff::', true],
    ['10.0.0.1/32', '10.0.0.2', false],
  ])('%s and %s: %s', (block, address, wanted) => {
    expect(holds(block, address)).toBe(wanted);
  });
});

describe('strictlyContains', () => {
  test.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.0.0.0/8', '10.0.0.0/9', true],
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['10.0.0.0/8', '10.0.0.0/7', false],
    ['10.0.0.0/8', '11.0.0.0/16', false],
    ['0.0.0.0/0', '::/1', false],
    ['::/0', '0.0.0.0/1', false],
    ['::/0', '2001:db8::/32', true],
  ])('%s and %s: %s', (outer, inner, wanted) => {
    expect(strictlyContains(cidr(outer), cidr(inner))).toBe(wanted);
  });

  test('everything strictly contains each smaller prefix of its family', () => {
    expect(strictlyContains(everything(4), cidr('10.0.0.1/32'))).toBe(true);
    expect(strictlyContains(everything(6), cidr('::1/128'))).toBe(true);
    expect(strictlyContains(everything(4), everything(4))).toBe(false);
  });
});
