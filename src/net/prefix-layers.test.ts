/** Against what the blocks say of each address, on a width where every address can be tried. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Address, Cidr, Family } from '../model/address.ts';
import { addressFrom } from './address.ts';
import type { Block } from './block.ts';
import { cidrContains } from './cidr.ts';
import { type PrefixesByLength, prefixLayers } from './prefix-layers.ts';

const BITS = 5;

/** The end of the address space, so that `everything` is one of its prefixes' ancestors. */
function cidrAt(family: Family, value: number, bits: number): Cidr {
  const width = family === 4 ? 32 : 128;
  const kept = (value >> (BITS - bits)) << (BITS - bits);
  return `${addressFrom(family, BigInt(kept))}/${width - BITS + bits}` as Cidr;
}

const cidr = (family: Family) =>
  fc
    .tuple(fc.nat({ max: 2 ** BITS - 1 }), fc.nat({ max: BITS }))
    .map(([value, bits]) => cidrAt(family, value, bits));

const block = fc
  .constantFrom<Family>(4, 6)
  .chain((family) =>
    fc
      .tuple(
        fc.oneof(fc.constant((family === 4 ? '0.0.0.0/0' : '::/0') as Cidr), cidr(family)),
        fc.array(cidr(family), { maxLength: 5 }),
      )
      .map(
        ([whole, except]): Block => ({ cidr: whole, except: except.filter((each) => within(whole, each)) }),
      ),
  );

function within(outer: Cidr, inner: Cidr): boolean {
  const [address = '', length = ''] = inner.split('/');
  return Number(length) > Number(outer.split('/')[1]) && cidrContains(outer, address as Address);
}

function isIn(prefixes: PrefixesByLength, address: Address): boolean {
  return [...prefixes.values()].some((list) => [...list].some((each) => cidrContains(each, address)));
}

test('an address is in a layer exactly when it is in a block', () => {
  let layered = 0;
  fc.assert(
    fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
      for (const family of [4, 6] as const) {
        const layers = prefixLayers(blocks, family);
        if (layers.length > 1) layered += 1;
        const written = blocks.reduce((sum, { except }) => sum + 1 + except.length, 0);
        const kept = layers
          .flatMap(({ prefixes, exceptions }) => [...prefixes.values(), ...exceptions.values()])
          .reduce((sum, { size }) => sum + size, 0);
        // `everything` is looked up as two halves.
        expect(kept).toBeLessThanOrEqual(written + 1);
        for (let value = 0; value < 2 ** BITS; value += 1) {
          const address = addressFrom(family, BigInt(value));
          const meant = blocks.some(
            ({ cidr: whole, except }) =>
              cidrContains(whole, address) && !except.some((each) => cidrContains(each, address)),
          );
          const got = layers.some(
            ({ prefixes, exceptions }) => isIn(prefixes, address) && !isIn(exceptions, address),
          );
          expect({ address, got }).toEqual({ address, got: meant });
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(layered).toBeGreaterThan(5);
});

test('every set of a layer holds prefixes of its length alone, and none has length 0', () => {
  const [layer, ...rest] = prefixLayers(
    [{ cidr: '::/0' as Cidr, except: ['2001:db8::/32' as Cidr, 'fd00::/8' as Cidr] }],
    6,
  );
  expect(rest).toEqual([]);
  expect(layer).toEqual({
    prefixes: new Map([[1, new Set(['::/1', '8000::/1'])]]),
    exceptions: new Map([
      [32, new Set(['2001:db8::/32'])],
      [8, new Set(['fd00::/8'])],
    ]),
  });
});
