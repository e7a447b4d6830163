/**
 * A workload in a file stands for its pods: one, with the template's labels and ports. It is named
 * `deploy/NAME`, which no pod can be named, and has no address and no node.
 */
import type { Pod } from '../model/cluster.ts';
import type { Decoded, UnknownFields } from '../policy/decode/decoded.ts';
import { decodePod } from '../policy/decode/pod.ts';

export const WORKLOADS: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'deploy'],
  ['StatefulSet', 'sts'],
  ['DaemonSet', 'ds'],
  ['ReplicaSet', 'rs'],
  ['ReplicationController', 'rc'],
  ['Job', 'job'],
  ['CronJob', 'cronjob'],
]);

/** Problems stand at the template's place in the workload; null for a kind that has no pods. */
export function podsOfWorkload(kind: string, raw: unknown, unknownFields: UnknownFields): Decoded<Pod> {
  const prefix = WORKLOADS.get(kind);
  if (prefix === undefined) return { value: null, problems: [] };
  const path = kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
  const template = path.reduce<unknown>((value, step) => field(value, step), raw);
  const own = field(raw, 'metadata');
  const decoded = decodePod(
    {
      metadata: {
        name: field(own, 'name'),
        namespace: field(own, 'namespace'),
        labels: field(field(template, 'metadata'), 'labels'),
      },
      spec: field(template, 'spec'),
    },
    unknownFields,
  );
  const { value } = decoded;
  return {
    value: value && { ...value, name: `${prefix}/${value.name}` },
    problems: decoded.problems.map((problem) => ({ ...problem, path: relocate(problem.path, path) })),
  };
}

function relocate(
  path: readonly (string | number)[],
  template: readonly string[],
): readonly (string | number)[] {
  if (path[0] === 'spec') return [...template, ...path];
  return path[1] === 'labels' ? [...template, ...path] : path;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
