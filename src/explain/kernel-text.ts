/** The part of the text that speaks of the kernel: evidence, headed by whether it agrees. */
import { printable } from '../model/printable.ts';
import type { FlowReport } from './explanation.ts';
import type { KernelNode, KernelReport, KernelRule } from './kernel-report.ts';
import type { TextOptions } from './paint.ts';
import { wrap } from './wrap.ts';

/** Lines: one for each node, and the rules that decided there. */
export function kernelText({ kernel }: FlowReport, options: TextOptions): readonly string[] {
  if (kernel === null) return ['kernel: not checked'];
  if (kernel.nodes.length === 0)
    return wrap(`kernel: not checked${kernel.why === null ? '' : `, ${kernel.why}`}`, {
      indent: '  ',
      first: '',
    });
  return kernel.nodes.flatMap((node) => nodeText(kernel, node, options));
}

function nodeText(kernel: KernelReport, node: KernelNode, { paint, wide }: TextOptions): readonly string[] {
  const sync = node.inSync ? 'in sync' : paint('not in sync', 'doubt');
  const name = printable(node.node);
  if (node.verdict === null)
    return [`kernel on ${name}   ${paint('not enforced', 'bad')}: no table inet policyd`];
  const word =
    kernel.state === 'agrees' ? paint('agrees', 'good') : node.verdict === 'accept' ? 'accepts' : 'drops';
  const rules = wide ? node.path : node.path.filter((rule) => rule === node.decision || isEvidence(rule));
  const undecided =
    node.decision === null
      ? wrap(
          'no rule decides: rules of table inet policyd are missing, and the end of a base chain accepts',
          {
            indent: '      ',
            first: '  ',
          },
        )
      : [];
  return [`kernel on ${name}   ${word}, ${sync}`, ...undecided, ...rules.flatMap(ruleText)];
}

/** Look-ups in the sets of peers: what a policy said, as the kernel has it. */
function isEvidence({ sets }: KernelRule): boolean {
  return sets.some(({ meaning }) => meaning !== null);
}

function ruleText(rule: KernelRule): readonly string[] {
  const from = rule.from.length > 0 ? `, from ${rule.from.map(printable).join(', ')}` : '';
  const note = from === '' && rule.note !== '' ? `, "${printable(rule.note)}"` : from;
  const count = rule.packets === null ? '' : `${rule.packets} packet${rule.packets === 1 ? '' : 's'}`;
  const packets = count === '' ? '' : `   ${together(count)}`;
  return [
    ...wrapped(
      `${rule.family} ${rule.table} chain ${rule.chain} rule ${rule.index}: ${rule.does}${note}${packets}`,
      '  ',
    ),
    ...rule.sets.flatMap((set) => {
      const meaning = set.meaning === null ? '' : ` (${printable(set.meaning)})`;
      const found = set.found ? 'is in it' : 'is not in it';
      return wrapped(`set ${set.name}${meaning}: ${together(set.looked)} ${together(found)}`, '    ');
    }),
  ];
}

/** Words that stay on one line. */
function together(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

function wrapped(text: string, first: string): readonly string[] {
  return wrap(text, { indent: '      ', first }).map((line) => line.replaceAll('\u00a0', ' '));
}
