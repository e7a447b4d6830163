/**
 * Joins prediction and evidence: where the kernel does not do what the policies say, or nobody enforces
 * them, there is no verdict to rely on, and that is the headline. The flows keep what the policies say.
 */
import type { Explanation, FlowReport, MissingFact } from './explanation.ts';
import { kernelVerdict } from './kernel.ts';
import type { KernelReport } from './kernel-report.ts';
import type { ReasonCode } from './reasons.ts';

/** `flows` are the explanation's own, with what the kernels do. */
export function withKernel(explanation: Explanation, flows: readonly FlowReport[]): Explanation {
  for (const [state, reason] of HEADLINES) {
    const flow = flows.find(({ kernel }) => kernel?.state === state);
    if (flow === undefined || flow.kernel === null) continue;
    const summary = `${flow.ports}: the policies say ${flow.verdict}, ${kernelWords(flow.kernel)}`;
    const missing = [...explanation.missing, ...missingFacts(reason, flow.kernel)];
    return { ...explanation, flows, verdict: 'unknown', reason, summary, missing };
  }
  return { ...explanation, flows };
}

const HEADLINES: readonly (readonly [KernelReport['state'], ReasonCode])[] = [
  ['mismatch', 'MISMATCH'],
  ['not-enforced', 'NOT_ENFORCED'],
  ['out-of-sync', 'UNKNOWN_NODE_OUT_OF_SYNC'],
];

function kernelWords({ nodes, state }: KernelReport): string {
  if (state === 'not-enforced') {
    const bare = nodes.filter(({ verdict }) => verdict === null).map(({ node }) => node);
    return `and nothing enforces them on ${bare.join(' and ')}`;
  }
  const does = kernelVerdict(nodes);
  const deciding = nodes.filter(({ verdict }) => verdict === does).map(({ node }) => node);
  return `the kernel ${does}s it on ${deciding.join(' and ')}`;
}

function missingFacts(reason: ReasonCode, { nodes }: KernelReport): readonly MissingFact[] {
  if (reason !== 'UNKNOWN_NODE_OUT_OF_SYNC') return [];
  const late = nodes.filter(({ inSync }) => !inSync).map(({ node }) => node);
  return [
    {
      code: reason,
      fact: `what ${late.join(' and ')} will enforce: its policyd has not committed the latest changes`,
      hint: 'ask again in a moment; policyctl lab run waits for this before it starts COMMAND',
    },
  ];
}
