import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PortRange, PROTOCOLS } from '../model/protocol.ts';
import { mergePorts } from './ports.ts';

function portsOf(list: readonly PortRange[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { protocol, first, last } of list)
    for (let port = first; port <= last; port += 1) found.add(`${protocol} ${port}`);
  return found;
}

test.each<[string, readonly PortRange[], readonly PortRange[]]>([
  ['nothing', [], []],
  [
    'touching ranges are one',
    [
      { protocol: 'TCP', first: 81, last: 90 },
      { protocol: 'TCP', first: 80, last: 80 },
    ],
    [{ protocol: 'TCP', first: 80, last: 90 }],
  ],
  [
    'a range inside another adds nothing',
    [
      { protocol: 'UDP', first: 1, last: 65535 },
      { protocol: 'UDP', first: 53, last: 53 },
    ],
    [{ protocol: 'UDP', first: 1, last: 65535 }],
  ],
  [
    'a gap of one port stays',
    [
      { protocol: 'TCP', first: 80, last: 80 },
      { protocol: 'TCP', first: 82, last: 82 },
    ],
    [
      { protocol: 'TCP', first: 80, last: 80 },
      { protocol: 'TCP', first: 82, last: 82 },
    ],
  ],
  [
    'equal and touching ranges of two protocols stay two',
    [
      { protocol: 'SCTP', first: 81, last: 81 },
      { protocol: 'UDP', first: 80, last: 80 },
      { protocol: 'TCP', first: 80, last: 80 },
    ],
    [
      { protocol: 'TCP', first: 80, last: 80 },
      { protocol: 'UDP', first: 80, last: 80 },
      { protocol: 'SCTP', first: 81, last: 81 },
    ],
  ],
])('%s', (_what, given, merged) => {
  expect(mergePorts(given)).toEqual(merged);
});

test('a merge holds every port of its ranges and no other, disjoint, sorted and not touching', () => {
  const port = fc.nat({ max: 40 });
  const range = fc
    .tuple(fc.constantFrom(...PROTOCOLS), port, port)
    .map(([protocol, a, b]): PortRange => ({ protocol, first: Math.min(a, b), last: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 10 }), (list) => {
      const merged = mergePorts(list);
      expect(portsOf(merged)).toEqual(portsOf(list));
      for (const [index, { protocol, last }] of merged.entries()) {
        const next = merged[index + 1];
        if (next?.protocol === protocol) expect(next.first).toBeGreaterThan(last + 1);
      }
    }),
    { numRuns: 2000 },
  );
});
