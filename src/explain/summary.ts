/** One sentence about a flow, and one about the whole question. */
import type { DirectionReport, FlowReport } from './explanation.ts';

/** Without a full stop. */
export function flowSummary(flow: Omit<FlowReport, 'summary'>): string {
  switch (flow.verdict) {
    case 'unknown':
      return `not known: ${flow.missing[0]?.fact ?? 'a fact is missing'}`;
    case 'allowed':
      return allowedSummary(flow);
    case 'denied':
      return deniedSummary(flow);
  }
}

function allowedSummary({ reason, directions }: Omit<FlowReport, 'summary'>): string {
  switch (reason) {
    case 'ALLOWED_SELF':
      return 'a pod always reaches itself';
    case 'ALLOWED_NODE_LOCAL':
      return 'a pod and its own node always reach each other';
    case 'ALLOWED_BY_RULE':
      return directions
        .filter((direction) => direction.reason === 'ALLOWED_BY_RULE')
        .map((direction) => `${admitter(direction)} admits it ${way(direction)}`)
        .join(', ');
    default: {
      const subjects = directions.flatMap(({ subject, direction }) =>
        subject === null ? [] : [`${direction} of ${subject}`],
      );
      return subjects.length === 0
        ? 'neither end is a pod that policies can select'
        : `no policy isolates ${subjects.join(' or ')}`;
    }
  }
}

function admitter({ policies }: DirectionReport): string {
  const policy = policies.find(({ effect }) => effect === 'admits');
  return policy === undefined ? 'a policy' : `policy ${policy.namespace}/${policy.name}`;
}

function deniedSummary({ source, destination, directions }: Omit<FlowReport, 'summary'>): string {
  const denied = directions.filter(({ verdict }) => verdict === 'denied');
  const sentences = denied.map((direction) => {
    if (direction.reason === 'QUARANTINED') {
      const end = direction.direction === 'egress' ? source : destination;
      return `${way(direction)}: ${quarantineText(direction, end.name)}`;
    }
    const count = direction.isolating === 1 ? '1 policy isolates' : `${direction.isolating} policies isolate`;
    const rules = direction.reason === 'ISOLATED_NO_RULES' ? 'and has no rule' : 'no rule admits this';
    const ending =
      direction.isolating === 1 || direction.reason !== 'ISOLATED_NO_RULES' ? rules : 'and have no rule';
    const comma = ending.startsWith('and') ? '' : ',';
    return `${way(direction)}: ${count} ${direction.subject ?? ''}${comma} ${ending}`;
  });
  return `blocked ${sentences.join('; and ')}`;
}

function quarantineText({ quarantine }: DirectionReport, address: string): string {
  const { node = '', waiting = [] } = quarantine ?? {};
  const who =
    waiting.length === 1 ? `${waiting[0]}, isolated, waits` : `${waiting.length} isolated pods wait`;
  return `no known pod has ${address}, and ${who} for an address on ${node}`;
}

function way({ direction }: DirectionReport): string {
  return direction === 'egress' ? 'on the way out' : 'on the way in';
}
