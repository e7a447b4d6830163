/** Fewer rows between two ends: what is judged like the rest needs no row of its own. */
import type { FlowReport } from './explanation.ts';
import type { JudgedFlow } from './flow.ts';

/**
 * The rows for other ports of each protocol become one when they are judged alike; ports and ranges that
 * only rules name vanish into it when they are judged like it too. Declared ports always stay.
 */
export function foldRows(flows: readonly JudgedFlow[]): readonly JudgedFlow[] {
  const rest = flows.filter(({ report }) => isRest(report));
  const [first] = rest;
  if (first === undefined || rest.some(({ report }) => key(report) !== key(first.report))) return flows;
  const named = (ports: string): JudgedFlow => ({
    ...first,
    report: { ...first.report, ports, protocol: null },
  });
  const kept = flows.flatMap((flow) => {
    if (flow === first) return [named('other ports')];
    if (isRest(flow.report)) return [];
    return flow.report.declared || key(flow.report) !== key(first.report) ? [flow] : [];
  });
  return kept.length === 1 ? [named('every port')] : kept;
}

function isRest(flow: FlowReport): boolean {
  return flow.ports.startsWith('other ');
}

/** The reasons may differ, as a rule for TCP is missed by UDP for another one than by TCP. */
function key(flow: FlowReport): string {
  const directions = flow.directions.map((direction) => direction.verdict);
  return JSON.stringify([flow.verdict, directions, flow.families]);
}
