import type { Snapshot } from '../model/cluster.ts';
import type { World } from './world.ts';

const reported = new WeakMap<World, Snapshot>();

/** The snapshot without made-up addresses: what the agents compile, in which pods still wait for theirs. */
export function asReported(world: World): Snapshot {
  const known = reported.get(world);
  if (known) return known;
  const snapshot = world.standIns.size === 0 ? world.snapshot : withoutStandIns(world);
  reported.set(world, snapshot);
  return snapshot;
}

function withoutStandIns({ snapshot, standIns }: World): Snapshot {
  const pods = [...snapshot.pods].map(([key, pod]) =>
    standIns.has(key) ? ([key, { ...pod, addresses: [] }] as const) : ([key, pod] as const),
  );
  return { ...snapshot, pods: new Map(pods) };
}
