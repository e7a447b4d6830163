import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PortRange, PROTOCOLS } from '../model/protocol.ts';
import { mergePorts } from './ports.ts';

const range: fc.Arbitrary<PortRange> = fc
  .tuple(fc.constantFrom(...PROTOCOLS), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }))
  .map(([protocol, a, b]) => ({ protocol, first: Math.min(a, b), last: Math.max(a, b) }));

function members(list: readonly PortRange[]): ReadonlySet<string> {
  return new Set(
    list.flatMap(({ protocol, first, last }) =>
      Array.from({ length: last - first + 1 }, (_, offset) => `${protocol}/${first + offset}`),
    ),
  );
}

test('merging keeps every port of every protocol, and ranges of one protocol neither overlap nor touch', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 10 }), (list) => {
      const merged = mergePorts(list);
      expect(members(merged)).toEqual(members(list));
      for (const [index, { protocol, last }] of merged.entries()) {
        const next = merged[index + 1];
        if (next?.protocol === protocol) expect(next.first).toBeGreaterThan(last + 1);
        else if (next) expect(PROTOCOLS.indexOf(next.protocol)).toBeGreaterThan(PROTOCOLS.indexOf(protocol));
      }
    }),
    { numRuns: 1000 },
  );
});

test('the order of the input makes no difference', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), (list) => {
      expect(mergePorts([...list].reverse())).toEqual(mergePorts(list));
    }),
  );
});
