/**
 * The text of an Explanation: plain columns, 80 wide where the names allow it, the verdict first. Made from
 * the JSON alone. Names and labels are users' words and are printed on one line each, escaped.
 */
import { printable } from '../model/printable.ts';
import { directionText } from './direction-text.ts';
import type { Explanation, FlowReport, Verdict } from './explanation.ts';
import { kernelHeadline, kernelText } from './kernel-text.ts';
import type { Paint, Tone } from './paint.ts';
import { wrap } from './wrap.ts';

export interface TextOptions {
  /** Every flow, every policy, every rule. */
  readonly wide: boolean;
  readonly paint: Paint;
}

const TONES: Readonly<Record<Verdict, Tone>> = { allowed: 'good', denied: 'bad', unknown: 'doubt' };

export function explanationText(explanation: Explanation, options: TextOptions): string {
  const { flows } = explanation;
  const shown = options.wide ? flows : chosen(explanation);
  const lines = [
    ...kernelHeadline(flows, options.paint),
    headline(explanation, options.paint),
    ...wrap(explanation.summary, { indent: '        ' }),
    ...explanation.missing.flatMap((fact) => wrap(`to know it: ${fact.hint}`, { indent: '        ' })),
  ];
  const alike = new Set(flows.map((flow) => `${flow.verdict} ${flow.summary}`)).size === 1;
  if (!alike) lines.push('', ...rowTable(flows, options.paint));
  for (const flow of shown) {
    if (!alike) lines.push('', `${ends(flow)}  ${portsText(flow)}${familyText(flow)}`);
    for (const direction of flow.directions) lines.push(...directionText(direction, options));
    lines.push('', ...kernelText(flow, options));
  }
  if (shown.length < flows.length && !options.wide && !alike) {
    lines.push('', 'Shown for one port; name a port, or use -o wide for all.');
  }
  for (const assumption of explanation.assumptions)
    lines.push(...wrap(`assumed: ${assumption}`, { indent: '' }));
  return `${lines.join('\n')}\n`;
}

function headline(explanation: Explanation, paint: Paint): string {
  const word = paint(explanation.verdict.toUpperCase(), TONES[explanation.verdict]);
  const pad = ' '.repeat(Math.max(2, 8 - explanation.verdict.length));
  const { source, destination } = explanation.query;
  const [flow] = explanation.flows;
  const port = explanation.flows.length === 1 && flow !== undefined ? `  ${portsText(flow)}` : '';
  return `${word}${pad}${printable(source)} -> ${printable(destination)}${port}`;
}

/** What deserves the space: the first flow with the verdict that needs explaining. */
function chosen({ flows, verdict }: Explanation): readonly FlowReport[] {
  const best = flows.find((flow) => flow.verdict === verdict);
  return best === undefined ? [] : [best];
}

function rowTable(flows: readonly FlowReport[], paint: Paint): readonly string[] {
  const several = new Set(flows.map(ends)).size > 1;
  const rows = flows.map((flow) => ({
    left: several
      ? `${ends(flow)}  ${portsText(flow)}${familyText(flow)}`
      : `${portsText(flow)}${familyText(flow)}`,
    flow,
  }));
  const width = Math.min(44, Math.max(...rows.map(({ left }) => left.length)));
  return rows.flatMap(({ left, flow }) => {
    const word = paint(flow.verdict.padEnd(7), TONES[flow.verdict]);
    const head = `  ${left.padEnd(width)}  ${word}  `;
    return wrap(rowSummary(flow), { indent: ' '.repeat(width + 13), first: head, firstWidth: width + 13 });
  });
}

/** The table's short words; the whole sentence stands with the flow. */
function rowSummary({ verdict, directions, summary }: FlowReport): string {
  if (verdict !== 'denied') return verdict === 'unknown' ? summary : '';
  const ways = directions
    .filter((direction) => direction.verdict === 'denied')
    .map(({ direction }) => (direction === 'egress' ? 'out' : 'in'));
  return `on the way ${ways.join(' and on the way ')}`;
}

function ends({ source, destination }: FlowReport): string {
  return `${printable(source.name)} -> ${printable(destination.name)}`;
}

function portsText(flow: FlowReport): string {
  const name = flow.portName === null ? '' : ` (${printable(flow.portName)})`;
  const via = flow.via === null ? '' : `  by port ${flow.via.port} of svc/${printable(flow.via.service)}`;
  return `${flow.ports}${name}${via}`;
}

function familyText({ families }: FlowReport): string {
  return families.length === 1 && families[0] === 6 ? ' over IPv6' : '';
}
