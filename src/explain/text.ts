/**
 * The text of an Explanation: plain columns, 80 wide where the names allow it, the verdict first. Made from
 * the JSON alone. Names and labels are users' words and are printed on one line each, escaped.
 */
import { largest } from '../model/largest.ts';
import { printable } from '../model/printable.ts';
import { directionText } from './direction-text.ts';
import type { Explanation, FlowReport, Verdict } from './explanation.ts';
import { kernelText } from './kernel-text.ts';
import type { Paint, TextOptions, Tone } from './paint.ts';
import type { ReasonCode } from './reasons.ts';
import { wrap } from './wrap.ts';

/** Of the left column of the table. */
const WIDEST = 44;

const TONES: Readonly<Record<Verdict, Tone>> = { allowed: 'good', denied: 'bad', unknown: 'doubt' };

/** `wide`: every flow, policy and rule. */
export function explanationText(explanation: Explanation, options: TextOptions): string {
  const { flows } = explanation;
  const shown = options.wide ? flows : chosen(explanation);
  let lines: readonly string[] = [
    headline(explanation, options.paint),
    ...wrap(explanation.summary, { indent: '        ' }),
    ...explanation.missing.flatMap((fact) => wrap(`to know it: ${fact.hint}`, { indent: '        ' })),
  ];
  const alike = new Set(flows.map((flow) => `${flow.verdict} ${flow.summary}`)).size === 1;
  if (!alike) lines = [...lines, '', ...rowTable(flows, options.paint)];
  for (const flow of shown) {
    const heading = alike ? [] : ['', `${ends(flow)}  ${portsText(flow)}${familyText(flow)}`];
    const directions = flow.directions.flatMap((direction) => directionText(direction, options));
    lines = [...lines, ...heading, ...directions, '', ...kernelText(flow, options)];
  }
  if (shown.length < flows.length && !options.wide && !alike) {
    lines = [...lines, '', 'Shown for one port; name a port, or use -o wide for all.'];
  }
  const assumed = explanation.assumptions.flatMap((each) => wrap(`assumed: ${each}`, { indent: '' }));
  return `${[...lines, ...assumed].join('\n')}\n`;
}

/** When the kernel does something else, or nothing, that comes before any verdict. */
const HEADLINES: ReadonlyMap<ReasonCode, { readonly word: string; readonly tone: Tone }> = new Map([
  ['MISMATCH', { word: 'MISMATCH', tone: 'bad' }],
  ['NOT_ENFORCED', { word: 'NOT ENFORCED', tone: 'bad' }],
  ['UNKNOWN_NODE_OUT_OF_SYNC', { word: 'OUT OF SYNC', tone: 'doubt' }],
]);

function headline(explanation: Explanation, paint: Paint): string {
  const special = HEADLINES.get(explanation.reason);
  const text = special?.word ?? explanation.verdict.toUpperCase();
  const word = paint(text, special?.tone ?? TONES[explanation.verdict]);
  const pad = ' '.repeat(Math.max(2, 8 - text.length));
  const { source, destination } = explanation.query;
  const [flow] = explanation.flows;
  const single = explanation.flows.length === 1 && flow !== undefined;
  const asked = explanation.query.port === null ? '' : `  ${printable(explanation.query.port)}`;
  const port = single ? `  ${portsText(flow)}` : asked;
  return `${word}${pad}${printable(source)} -> ${printable(destination)}${port}`;
}

/** What deserves the space: the first flow with the verdict that needs explaining. */
function chosen({ flows, verdict, reason }: Explanation): readonly FlowReport[] {
  const doubted = flows.find(
    ({ kernel }) => HEADLINES.has(reason) && (kernel?.state ?? 'agrees') !== 'agrees',
  );
  const best = doubted ?? flows.find((flow) => flow.verdict === verdict);
  return best === undefined ? [] : [best];
}

function rowTable(flows: readonly FlowReport[], paint: Paint): readonly string[] {
  const several = {
    sources: new Set(flows.map(({ source }) => source.name)).size > 1,
    destinations: new Set(flows.map(({ destination }) => destination.name)).size > 1,
    doors: new Set(flows.map(({ via }) => via?.port)).size > 1,
  };
  const rows = flows.map((flow) => {
    const source = several.sources ? `${printable(flow.source.name)} -> ` : '';
    const destination = several.destinations ? `${printable(flow.destination.name)}  ` : '';
    const door = several.doors && flow.via !== null ? `port ${flow.via.port} -> ` : '';
    return { left: `${source}${destination}${door}${portText(flow)}${familyText(flow)}`, flow };
  });
  const width = Math.min(WIDEST, largest(rows.map(({ left }) => left.length)));
  return rows.flatMap(({ left, flow }) => {
    const word = paint(flow.verdict.padEnd(7), TONES[flow.verdict]);
    const words = { indent: ' '.repeat(width + 13), firstWidth: width + 13 };
    if (left.length <= width)
      return wrap(rowSummary(flow), { ...words, first: `  ${left.padEnd(width)}  ${word}  ` });
    return [`  ${left}`, ...wrap(rowSummary(flow), { ...words, first: `  ${' '.repeat(width)}  ${word}  ` })];
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

function portText(flow: FlowReport): string {
  return flow.portName === null ? flow.ports : `${flow.ports} (${printable(flow.portName)})`;
}

/** With the way through a Service: what is dialled is not what the policies see (semantics H5). */
function portsText(flow: FlowReport): string {
  return flow.via === null ? portText(flow) : `${portText(flow)}  by port ${flow.via.port} of the Service`;
}

function familyText({ families }: FlowReport): string {
  return families.length === 1 && families[0] === 6 ? ' over IPv6' : '';
}
