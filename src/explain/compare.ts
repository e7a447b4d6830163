/** The three answers to one cell: what the policies mean, what the ruleset does, what became of a packet. */
import type { World } from '../world/world.ts';
import { type KernelViews, kernelVerdict, reportKernel } from './kernel.ts';
import type { AskedCell, Cell } from './matrix.ts';
import { routeAllowed } from './route.ts';

/** One way a connection may take: by its meaning, and by the rulesets that see it (null: none does). */
export interface Judgement {
  readonly allowed: boolean;
  readonly kernel: Cell['kernel'];
}

/** Of each way that a cell's connection may take. */
export async function judgementsOf(
  world: World,
  { routes }: AskedCell,
  views: KernelViews,
): Promise<readonly Judgement[]> {
  return await Promise.all(
    routes.map(async (route) => {
      const allowed = routeAllowed(world, route);
      const { nodes } = await reportKernel(route, allowed ? 'allowed' : 'denied', views);
      return { allowed, kernel: nodes.length === 0 ? null : kernelVerdict(nodes) };
    }),
  );
}

/** A packet that is refused was let through: nothing listens there. */
export function compared(
  cell: Cell,
  judgements: readonly Judgement[],
  packet: NonNullable<Cell['packet']>,
): Cell {
  const odd = judgements.find(({ allowed, kernel }) => kernel !== null && (kernel === 'accept') !== allowed);
  const several = new Set(judgements.map(({ allowed }) => allowed)).size > 1;
  // Chance chooses among ways that are judged differently, and any end of the connection is right.
  if (several) return { ...cell, kernel: odd?.kernel ?? null, packet, agree: !odd && packet !== 'error' };
  const kernel = odd?.kernel ?? judgements.find((each) => each.kernel !== null)?.kernel ?? null;
  const passed = packet === 'error' ? null : packet !== 'blocked';
  const [meant] = judgements;
  // An answer nobody got is no agreement; a kernel that is not on the way has no say.
  const agree = meant !== undefined && odd === undefined && passed === meant.allowed;
  return { ...cell, kernel, packet, agree };
}
