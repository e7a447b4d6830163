/** Port ranges per protocol: disjoint, not adjacent, sorted by protocol and start. */
import { type PortRange, PROTOCOLS } from '../model/protocol.ts';

/** The union, in the form named above; ranges may overlap and come in any order. */
export function mergePorts(ranges: readonly PortRange[]): readonly PortRange[] {
  return PROTOCOLS.flatMap((protocol) => {
    const merged: PortRange[] = [];
    const sorted = ranges.filter((range) => range.protocol === protocol).sort((a, b) => a.first - b.first);
    for (const range of sorted) {
      const previous = merged.at(-1);
      if (previous && range.first <= previous.last + 1) {
        if (range.last > previous.last) merged[merged.length - 1] = { ...previous, last: range.last };
      } else {
        merged.push(range);
      }
    }
    return merged;
  });
}
