/** Fewer rows between two ends: what is judged like the rest needs no row of its own. */
import type { FlowReport } from './explanation.ts';

/**
 * The rows for other ports of each protocol become one when they are judged alike; ports and ranges that
 * only rules name vanish into it when they are judged like it too. Declared ports always stay.
 */
export function foldRows(flows: readonly FlowReport[]): readonly FlowReport[] {
  const rest = flows.filter(isRest);
  const [first] = rest;
  if (first === undefined || rest.some((flow) => key(flow) !== key(first))) return flows;
  const folded: FlowReport = { ...first, ports: 'other ports', protocol: null };
  const kept = flows.flatMap((flow) => {
    if (flow === first) return [folded];
    if (isRest(flow)) return [];
    return flow.declared || key(flow) !== key(first) ? [flow] : [];
  });
  return kept.length === 1 ? [{ ...folded, ports: 'every port' }] : kept;
}

function isRest(flow: FlowReport): boolean {
  return flow.ports.startsWith('other ');
}

/** The reasons may differ, as a rule for TCP is missed by UDP for another one than by TCP. */
function key(flow: FlowReport): string {
  const directions = flow.directions.map((direction) => direction.verdict);
  return JSON.stringify([flow.verdict, directions, flow.families]);
}
