import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyOf } from '../model/address.ts';
import { addressFrom, addressValue, parseAddress } from './address.ts';

const v4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
/** Half of them with long runs of zeros, where the shortening is. */
const v6 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
  fc
    .array(fc.constantFrom<bigint>(0n, 0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce((value, group) => (value << 16n) | group, 0n)),
);
const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn;

describe('parsing and formatting', () => {
  test('an IPv4 value survives the round trip through its text', () => {
    fc.assert(
      fc.property(v4, (value) => {
        const text = addressFrom(4, value);
        expect(isIPv4(text)).toBe(true);
        expect(parseAddress(text)).toBe(text);
        expect(addressValue(text)).toBe(value);
      }),
    );
  });

  test('an IPv6 value survives the round trip through its text, which is what the URL parser writes', () => {
    fc.assert(
      fc.property(v6, (value) => {
        fc.pre(!isMapped(value));
        const text = addressFrom(6, value);
        expect(isIPv6(text)).toBe(true);
        expect(parseAddress(text)).toBe(text);
        expect(addressValue(text)).toBe(value);
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      { numRuns: 1000 },
    );
  });

  test('what Node takes for an IPv6 address without a zone is parsed, whatever its spelling', () => {
    const hex = fc.integer({ min: 0, max: 0xffff }).map((group) => group.toString(16));
    const spelling = fc
      .tuple(
        fc.array(hex, { maxLength: 8 }),
        fc.constantFrom(':', '::'),
        fc.array(hex, { maxLength: 8 }),
        fc.boolean(),
      )
      .map(([left, middle, right, upper]) => {
        const text = `${left.join(':')}${middle}${right.join(':')}`;
        return upper ? text.toUpperCase() : text;
      });
    fc.assert(
      fc.property(spelling, (text) => {
        expect(parseAddress(text) !== null).toBe(isIPv6(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::10.0.0.1', '::a00:1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ])('%s is written %s (RFC 5952)', (given, canonical) => {
    expect(parseAddress(given)).toBe(canonical);
  });

  test.each([
    ['010.000.000.009', '10.0.0.9'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
  ])('E4 %s is %s: leading zeros are decimal, an IPv4-mapped address is IPv4', (given, canonical) => {
    expect(parseAddress(given)).toBe(canonical);
    expect(familyOf(parseAddress(given) ?? addressFrom(6, 0n))).toBe(4);
  });

  test.each([
    ...[
      '',
      ' 10.0.0.1',
      '10.0.0.1 ',
      '10.0.0',
      '10.0.0.0.1',
      '10.0.0.256',
      '10.0.0.-1',
      '10.0.0.1/32',
      '0x0a.0.0.1',
    ],
    ...[
      '10.0.0.1\n',
      '1000.0.0.1',
      '１0.0.0.1',
      ':',
      ':::',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '::1::',
      '12345::',
    ],
    ...[
      'fe80::1%eth0',
      '[::1]',
      '1:2:3:4:5:6:7::8:9',
      '::10.0.0',
      '10.0.0.1::',
      '1:2:3:4:5:6:7:10.0.0.1',
      'localhost',
    ],
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});
