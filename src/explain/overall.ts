/** One verdict, reason and sentence over all flows of a question. */
import type { Explanation, FlowReport, Verdict } from './explanation.ts';
import type { ReasonCode } from './reasons.ts';

type Overall = Pick<Explanation, 'verdict' | 'reason' | 'summary'>;

export function overall(flows: readonly FlowReport[]): Overall {
  const [only] = flows;
  if (only !== undefined && flows.length === 1) {
    return { verdict: only.verdict, reason: only.reason, summary: only.summary };
  }
  const groups = byPorts(flows);
  const verdict = best([...groups.values()]);
  const deciding = flows.find((flow) => flow.verdict === verdict);
  const reason: ReasonCode = noCommonPort(flows) ? 'NO_COMMON_PORT' : (deciding?.reason ?? 'UNKNOWN_ADDRESS');
  return { verdict, reason, summary: sentence(verdict, reason, groups, flows) };
}

/** A port is allowed when it is at every endpoint; one denial decides. */
function byPorts(flows: readonly FlowReport[]): ReadonlyMap<string, Verdict> {
  const groups = new Map<string, Verdict>();
  for (const flow of flows) {
    const key = flow.via === null ? flow.ports : `${flow.via.port} of svc/${flow.via.service}`;
    const known = groups.get(key);
    groups.set(key, known === undefined ? flow.verdict : worst(known, flow.verdict));
  }
  return groups;
}

function worst(a: Verdict, b: Verdict): Verdict {
  if (a === 'denied' || b === 'denied') return 'denied';
  return a === 'unknown' || b === 'unknown' ? 'unknown' : 'allowed';
}

/** The question is whether they can talk at all: one allowed port is enough. */
function best(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('allowed')) return 'allowed';
  return verdicts.includes('unknown') ? 'unknown' : 'denied';
}

/** Between two ends, each direction allows some port, but none that the other allows. */
function noCommonPort(flows: readonly FlowReport[]): boolean {
  const pairs = new Set(
    flows.map(({ source, destination, via }) => JSON.stringify([source, destination, via])),
  );
  if (pairs.size !== 1 || flows.some((flow) => flow.verdict !== 'denied')) return false;
  return [0, 1].every((index) => flows.some((flow) => flow.directions[index]?.verdict === 'allowed'));
}

function sentence(
  verdict: Verdict,
  reason: ReasonCode,
  groups: ReadonlyMap<string, Verdict>,
  flows: readonly FlowReport[],
): string {
  if (reason === 'NO_COMMON_PORT') return 'blocked: no port is allowed both on the way out and on the way in';
  const chosen = [...groups].filter(([, each]) => each === verdict).map(([ports]) => ports);
  const summaries = new Set(flows.map((flow) => flow.summary));
  if (chosen.length === groups.size) {
    return summaries.size === 1 ? [...summaries].join() : `${verdict} on every port asked about`;
  }
  if (verdict === 'denied') return 'blocked on every port asked about';
  return chosen.length <= 3 ? `only on ${chosen.join(', ')}` : `on ${chosen.length} of ${groups.size} ports`;
}
