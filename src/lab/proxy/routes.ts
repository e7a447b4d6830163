import { execa } from 'execa';
import { Failure } from '../../model/failure.ts';
import { familyOfHost, type LabPlan } from '../network/plan.ts';

/** Any free number: the table holds nothing else. */
const ROUTE_TABLE = '96';
/** Only an ip that hangs takes as long. */
const TIMEOUT_MS = 120_000;

/**
 * Programs in the root reach ClusterIPs through the first node. Only what the root itself sends: the
 * external host, whose packets the root forwards, has no way to a ClusterIP, as in a real cluster.
 */
export async function routeServices(
  plan: LabPlan,
  serviceRanges: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  for (const command of routeCommands(plan, serviceRanges)) {
    const result = await execa('ip', command, { env, extendEnv: false, reject: false, timeout: TIMEOUT_MS });
    if (result.exitCode === 0) continue;
    const said = result.stderr.trim() || result.shortMessage;
    throw new Failure('LAB_FAILED', `cannot route to Services: ip ${command.join(' ')}: ${said}`);
  }
}

/** Arguments of `ip`, one command each; none for a range of a family that the lab does not have. */
export function routeCommands(
  plan: LabPlan,
  serviceRanges: readonly string[],
): readonly (readonly string[])[] {
  const [gateway] = plan.nodes;
  return serviceRanges.flatMap((range) => {
    const family = familyOfHost(range);
    const next = gateway?.addresses.find((address) => familyOfHost(address) === family);
    if (next === undefined) return [];
    return [
      [`-${family}`, 'rule', 'add', 'iif', 'lo', 'to', range, 'lookup', ROUTE_TABLE],
      [`-${family}`, 'route', 'add', range, 'via', next, 'table', ROUTE_TABLE],
    ];
  });
}
