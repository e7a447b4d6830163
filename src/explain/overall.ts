/** One verdict, reason and sentence over all flows of a question. */
import type { Family } from '../model/address.ts';
import type { Explanation, FlowReport, Verdict } from './explanation.ts';
import type { ReasonCode } from './reasons.ts';

type Overall = Pick<Explanation, 'verdict' | 'reason' | 'summary'>;

/** Of at least one flow: allowed if a port and family is that is allowed at all its endpoints. */
export function overall(flows: readonly FlowReport[]): Overall {
  const [only] = flows;
  if (only !== undefined && flows.length === 1) {
    return { verdict: only.verdict, reason: only.reason, summary: only.summary };
  }
  const groups = groupsOf(flows);
  const verdict = best(groups.map((group) => group.verdict));
  const deciding = flows.find((flow) => flow.verdict === verdict);
  const reason: ReasonCode = noCommonPort(flows) ? 'NO_COMMON_PORT' : (deciding?.reason ?? 'UNKNOWN_ADDRESS');
  return { verdict, reason, summary: sentence(verdict, reason, groups, flows) };
}

interface Group {
  readonly ports: string;
  readonly family: Family | null;
  readonly verdict: Verdict;
}

/** Per port and address family; allowed when it is at every endpoint, since one denial decides. */
function groupsOf(flows: readonly FlowReport[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const flow of flows) {
    const ports = flow.via === null ? flow.ports : `${flow.via.port} of svc/${flow.via.service}`;
    for (const family of flow.families.length > 0 ? flow.families : [null]) {
      const key = `${ports} ${family}`;
      const known = groups.get(key);
      const verdict = known === undefined ? flow.verdict : worst(known.verdict, flow.verdict);
      groups.set(key, { ports, family, verdict });
    }
  }
  return [...groups.values()];
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
  groups: readonly Group[],
  flows: readonly FlowReport[],
): string {
  if (reason === 'NO_COMMON_PORT') return 'blocked: no port is allowed both on the way out and on the way in';
  const summaries = new Set(flows.map((flow) => flow.summary));
  const chosen = groups.filter((group) => group.verdict === verdict);
  if (chosen.length === groups.length) {
    const ends = new Set(flows.map(({ destination }) => destination.name));
    const closed = new Set(flows.flatMap((flow) => (flow.verdict === verdict ? flow.destination.name : [])));
    if (closed.size < ends.size) return `${verdict} at ${closed.size} of ${ends.size} endpoints`;
    return summaries.size === 1 ? [...summaries].join() : `${verdict} on every port asked about`;
  }
  if (verdict === 'denied') return 'blocked on every port asked about';
  if (verdict === 'unknown') return flows.find((flow) => flow.verdict === 'unknown')?.summary ?? verdict;
  const ports = [...new Set(chosen.map((group) => group.ports))];
  const families = [...new Set(chosen.map(({ family }) => family))];
  const all = new Set(groups.map((group) => group.ports)).size;
  const others = groups.some(({ family }) => !families.includes(family));
  const over = others && families.length === 1 ? ` over IPv${families[0]}` : '';
  if (all === 1) return `only${over}`;
  return ports.length <= 3
    ? `only on ${ports.join(', ')}${over}`
    : `on ${ports.length} of ${all} ports${over}`;
}
