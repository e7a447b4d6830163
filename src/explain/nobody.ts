/**
 * The end of a flow that is no pod of its own network: no policy selects it. Only an address that a pod not
 * known yet may have is denied, while its node waits for such a pod.
 */
import type { Address } from '../model/address.ts';
import type { Direction } from '../model/policy.ts';
import type { Flow } from '../model/verdict.ts';
import { evaluateDirection } from '../policy/evaluate.ts';
import { quarantineOf } from '../policy/quarantine.ts';
import { asReported } from '../world/reported.ts';
import type { World } from '../world/world.ts';
import { freeDirection, type JudgedDirection } from './direction.ts';

/** Allowed, or QUARANTINED with the pods that are waited for. */
export function judgeNobody(world: World, flow: Flow, direction: Direction): JudgedDirection {
  const { allowance, reason } = evaluateDirection(asReported(world), flow, direction);
  if (allowance === 'allow') {
    const local = reason === 'ALLOWED_NODE_LOCAL';
    return freeDirection(direction, null, local ? reason : 'ALLOWED_NOT_ISOLATED');
  }
  const own: Address = direction === 'egress' ? flow.source : flow.destination;
  const quarantine = quarantineOf(asReported(world), own);
  const { report, missing } = freeDirection(direction, null, 'QUARANTINED');
  return {
    report: { ...report, verdict: 'denied', ...(quarantine === null ? {} : { quarantine }) },
    missing,
  };
}
