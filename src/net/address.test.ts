import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyOf } from '../model/address.ts';
import { addressFrom, addressValue, parseAddress } from './address.ts';

const value4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
/** Runs of zero groups are what the text form is about. */
const value6 = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat({ max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n));

describe('parseAddress', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    // Leading zeros are decimal (semantics E4), as in Go's ParseIPSloppy.
    ['010.001.000.008', '10.1.0.8'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8::00A', '2001:db8::a'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
    ['0:0:0:0:0:ffff:0:0', '0.0.0.0'],
    // IPv4-compatible is not IPv4-mapped.
    ['::10.0.0.1', '::a00:1'],
    ['::ffff:0:10.0.0.1', '::ffff:0:a00:1'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s is %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical);
  });

  test.each([
    '',
    ' ',
    '10',
    '10.0.0',
    '10.0.0.0.1',
    '10.0.0.256',
    '10.0.0.-1',
    '10.0.0.1 ',
    ' 10.0.0.1',
    '10.0.0.0x1',
    '10.0..1',
    '1e1.0.0.0',
    '10.0.0.1\n',
    '0000.0.0.1',
    '٣.0.0.1',
    ':',
    ':::',
    '1:::2',
    '::1::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '::1%eth0',
    '[::1]',
    '::10.0.0.1:1',
    '::1.2.3',
    '1.2.3.4::',
    '::ffff:10.0.0.256',
    ':1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8:',
    '10.0.0.1/32',
    'localhost',
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test('never throws, and what it gives is canonical: it parses to itself', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fA-F:.]{0,45}$/));
    fc.assert(
      fc.property(text, (given) => {
        const address = parseAddress(given);
        if (address !== null) expect(parseAddress(address)).toBe(address);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('addressFrom and addressValue', () => {
  test('are each other’s inverse', () => {
    fc.assert(
      fc.property(value4, (value) => {
        const address = addressFrom(4, value);
        expect(familyOf(address)).toBe(4);
        expect(parseAddress(address)).toBe(address);
        expect(addressValue(address)).toBe(value);
      }),
    );
    fc.assert(
      fc.property(value6, (value) => {
        const address = addressFrom(6, value);
        expect(familyOf(address)).toBe(6);
        expect(addressValue(address)).toBe(value);
        // Only the mapped ones are another address when read.
        expect(parseAddress(address)).toBe(
          value >> 32n === 0xffffn ? addressFrom(4, value & 0xffffffffn) : address,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('every way to write one IPv6 address is one text', () => {
    fc.assert(
      fc.property(value6, fc.boolean(), fc.nat({ max: 3 }), (value, upper, zeros) => {
        const groups = Array.from({ length: 8 }, (_, index) =>
          ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
        );
        const long = groups.map((group) => group.padStart(Math.min(4, group.length + zeros), '0')).join(':');
        expect(parseAddress(upper ? long.toUpperCase() : long)).toBe(parseAddress(addressFrom(6, value)));
      }),
    );
  });
});
