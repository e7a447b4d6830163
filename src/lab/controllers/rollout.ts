import { type Json, type KubeObject, numberAt, objectAt, textAt } from '../apiserver/json.ts';

/** One ReplicaSet of a Deployment, as far as a rollout looks. */
export interface RolloutSet {
  readonly name: string;
  /** Of the present template. */
  readonly current: boolean;
  readonly replicas: number;
  readonly ready: number;
  readonly created: string;
}

export interface Step {
  readonly name: string;
  readonly replicas: number;
}

/** How many pods a ReplicaSet is to have. */
export function replicasOf(set: KubeObject): number {
  return numberAt(set, 'spec', 'replicas') ?? 0;
}

/** How many pods of a ReplicaSet are available, as its status says. */
export function readyOf(set: KubeObject): number {
  return numberAt(set, 'status', 'availableReplicas') ?? 0;
}

/** How many pods there may be beyond, and how many may be missing of the wanted ones. */
export function bounds(deployment: KubeObject): { readonly surge: number; readonly unavailable: number } {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const rolling = objectAt(deployment, 'spec', 'strategy', 'rollingUpdate');
  const surge = share(rolling.maxSurge, wanted, Math.ceil);
  const unavailable = Math.min(wanted, share(rolling.maxUnavailable, wanted, Math.floor));
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

function share(value: Json | undefined, whole: number, round: (value: number) => number): number {
  if (typeof value === 'number') return Math.max(0, value);
  const percent = /^(\d{1,3})%$/.exec(typeof value === 'string' ? value : '25%')?.[1];
  return round((Number(percent ?? 25) * whole) / 100);
}

/**
 * The next scalings of a rollout, none when it has to wait or is done. Never more pods than replicas + surge,
 * never fewer ready ones than replicas - unavailable by our own doing. `lingering`: pods of old sets that exist.
 */
export function rolloutSteps(
  deployment: KubeObject,
  sets: readonly RolloutSet[],
  lingering: number,
): readonly Step[] {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const current = sets.find((set) => set.current);
  if (current === undefined) return [];
  const old = sets.filter((set) => !set.current && set.replicas > 0);
  if (textAt(deployment, 'spec', 'strategy', 'type') === 'Recreate') {
    if (old.length > 0) return old.map(({ name }) => ({ name, replicas: 0 }));
    return lingering > 0 || current.replicas === wanted ? [] : [{ name: current.name, replicas: wanted }];
  }
  const { surge, unavailable } = bounds(deployment);
  const total = sets.reduce((sum, set) => sum + set.replicas, 0);
  if (current.replicas > wanted) return [{ name: current.name, replicas: wanted }];
  const room = Math.min(wanted - current.replicas, wanted + surge - total);
  const up = room > 0 ? [{ name: current.name, replicas: current.replicas + room }] : [];
  const notReady = Math.max(0, current.replicas + Math.max(0, room) - current.ready);
  return [...up, ...shrink(old, total + Math.max(0, room) - (wanted - unavailable) - notReady)];
}

/** Takes pods from the old sets: first those that are not ready, then the oldest. */
function shrink(old: readonly RolloutSet[], surplus: number): readonly Step[] {
  let left = surplus;
  const sizes = new Map(old.map(({ name, replicas }) => [name, replicas]));
  const take = (name: string, count: number): void => {
    const taken = Math.max(0, Math.min(left, count));
    sizes.set(name, (sizes.get(name) ?? 0) - taken);
    left -= taken;
  };
  const byAge = old.toSorted((a, b) => (a.created < b.created ? -1 : 1));
  for (const { name, replicas, ready } of byAge) take(name, replicas - ready);
  for (const { name } of byAge) take(name, sizes.get(name) ?? 0);
  return old
    .filter(({ name, replicas }) => sizes.get(name) !== replicas)
    .map(({ name }) => ({ name, replicas: sizes.get(name) ?? 0 }));
}
