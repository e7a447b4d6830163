/** The part of the text that speaks of one direction: each policy's effect and the nearest misses. */
import { largest } from '../model/largest.ts';
import { printable } from '../model/printable.ts';
import type { At } from '../world/world.ts';
import type { Condition, DirectionReport, PolicyReport, RuleReport } from './explanation.ts';
import type { TextOptions } from './paint.ts';
import { columns, wrap } from './wrap.ts';

/** Near misses shown without -o wide. */
const MISSES = 3;

/** Lines, the first of them empty; none for an end of which nothing is judged. */
export function directionText(direction: DirectionReport, options: TextOptions): readonly string[] {
  const { subject } = direction;
  if (subject === null) return quarantineLines(direction);
  const name = `${direction.direction} of ${printable(subject)}`;
  const tone = direction.verdict === 'allowed' ? 'good' : direction.verdict === 'denied' ? 'bad' : 'doubt';
  const head = ['', `${name}   ${options.paint(direction.verdict, tone)}${freeText(direction)}`];
  const acting = direction.policies.filter(isActing);
  const listed = options.wide ? direction.policies : acting;
  const width = largest(listed.map((policy) => policyName(policy).length));
  let misses = 0;
  const judged = acting.flatMap((policy) => {
    const rules = policy.rules.filter((rule) => options.wide || isWorthShowing(policy, rule));
    const limited = options.wide ? rules : rules.slice(0, 1);
    if (policy.effect !== 'admits' && policy.rules.length > 0 && !options.wide && misses >= MISSES) {
      return columns([policyName(policy), 'does not admit', atText(policy.at)], [width, 26], '  ');
    }
    if (policy.effect !== 'admits' && policy.rules.length > 0) misses++;
    return policyLines(direction, policy, limited, width);
  });
  return [...head, ...judged, ...restText(direction, options.wide, width)];
}

function quarantineLines({ direction, quarantine }: DirectionReport): readonly string[] {
  if (quarantine === undefined) return [];
  const { node, waiting } = quarantine;
  return [
    '',
    `${direction} of an address that no known pod has   denied`,
    ...wrap(printable(`isolated, and waiting for an address on ${node}: ${waiting.join(', ')}`), {
      indent: '  ',
    }),
  ];
}

function isActing({ effect }: PolicyReport): boolean {
  return effect === 'admits' || effect === 'does-not-admit' || effect === 'undecidable';
}

function isWorthShowing(policy: PolicyReport, rule: RuleReport): boolean {
  return policy.effect === 'admits' ? rule.admits === true : true;
}

function freeText({ reason, isolating }: DirectionReport): string {
  if (reason === 'ALLOWED_SELF') return ': a pod always reaches itself';
  if (reason === 'ALLOWED_NODE_LOCAL') return ': a pod and its own node always reach each other';
  return isolating === 0 && reason === 'ALLOWED_NOT_ISOLATED' ? ': no policy isolates it' : '';
}

function policyLines(
  { direction }: DirectionReport,
  policy: PolicyReport,
  rules: readonly RuleReport[],
  width: number,
): readonly string[] {
  const name = policyName(policy);
  const problems = policy.problems.flatMap((problem) =>
    wrap(`invalid, matches nothing: ${printable(problem)}`, { indent: '      ' }),
  );
  const [first, ...others] = rules;
  if (first === undefined) {
    const effect = policy.problems.length > 0 ? 'does not admit' : 'does not admit: no rules';
    return [...columns([name, effect, atText(policy.at)], [width, 26], '  '), ...problems];
  }
  const line = (rule: RuleReport, left: string, miss = 'nearest miss: '): readonly string[] => [
    ...columns(
      [left, `${effectOf(rule, miss)}${direction}[${rule.index}]`, atText(rule.at)],
      [width, 26],
      '  ',
    ),
    ...(rule.admits === true ? [] : conditionLines(rule)),
  ];
  return [...line(first, name), ...others.flatMap((rule) => line(rule, '', 'misses: ')), ...problems];
}

function effectOf({ admits }: RuleReport, miss: string): string {
  if (admits === true) return 'admits by ';
  return admits === null ? 'undecidable: ' : miss;
}

function conditionLines({ conditions, at }: RuleReport): readonly string[] {
  const width = largest(conditions.map(({ type }) => type.length));
  return conditions.flatMap((condition) => {
    const result = condition.ok === null ? '?' : condition.ok ? 'ok' : 'MISS';
    const place = condition.ok === true ? '' : atText(condition.at, at);
    const head = `      ${condition.type.padEnd(width)}  `;
    const words = wrap(conditionText(condition), {
      indent: ' '.repeat(head.length),
      first: head,
      width: 72,
    });
    const last = words.pop() ?? '';
    return [...words, ...columns([last, result, place], [44, 4], '')];
  });
}

function conditionText({ want, have, ok, type }: Condition): string {
  if (ok === true) return printable(type === 'protocol' || type === 'ipBlock' ? `${have} in ${want}` : have);
  return `wants ${printable(want)}, has ${printable(have)}`;
}

function restText({ policies }: DirectionReport, wide: boolean, width: number): readonly string[] {
  const other = policies.filter(({ effect }) => effect === 'other-direction');
  const away = policies.filter(({ effect }) => effect === 'does-not-select');
  const namespace = policies[0]?.namespace ?? '';
  if (wide) {
    return [...other, ...away].flatMap((policy) => {
      const effect = policy.effect === 'other-direction' ? 'is about the other direction' : 'does not select';
      return columns([policyName(policy), effect, atText(policy.at)], [width, 26], '  ');
    });
  }
  const lines: string[] = [];
  const more = policies.length > other.length + away.length ? ' more' : '';
  if (other.length > 0) lines.push(`  ${count(other, more)} on this pod: the other direction only`);
  if (away.length > 0) {
    const verb = away.length === 1 ? 'does' : 'do';
    lines.push(`  ${count(away, more)} in ${printable(namespace)} ${verb} not select this pod (-o wide)`);
  }
  return lines;
}

function count(policies: readonly PolicyReport[], more: string): string {
  return `${policies.length}${more} ${policies.length === 1 ? 'policy' : 'policies'}`;
}

function policyName({ kind, namespace, name }: PolicyReport): string {
  return `${kind} ${printable(namespace)}/${printable(name)}`;
}

/** `file:line`, and the column where the very value stands. */
function atText(at: At | null, rule?: At | null): string {
  if (at === null) return '';
  const file = printable(at.file);
  return rule === undefined ? `${file}:${at.line}` : `${file}:${at.line}:${at.column}`;
}
