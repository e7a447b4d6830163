/** Names to what they name. One that nothing has is a Failure NAME_UNKNOWN; its hint is near names, or those there are. */
import { didYouMean, nearNames } from '../manifest/near.ts';
import { holdsAddresses, type Pod, podKey } from '../model/cluster.ts';
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';
import type { End } from './place.ts';
import type { ServiceTarget } from './target.ts';
import { WORKLOADS } from './workload.ts';
import type { World } from './world.ts';

/** A pod that has not ended. */
export function podNamed(world: World, namespace: string, name: string): End {
  checkNamespace(namespace, world);
  const pod = world.snapshot.pods.get(podKey(namespace, name));
  if (pod === undefined) throw unknownPod(namespace, name, world);
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') {
    throw new Failure('NAME_UNKNOWN', `pod ${namespace}/${name} has ended (${pod.phase})`, {
      hint: 'it has released its address: no policy and no connection concerns it any more',
    });
  }
  return { kind: 'pod', pod };
}

function unknownPod(namespace: string, name: string, world: World): Failure {
  const pods = [...world.snapshot.pods.values()];
  const elsewhere = pods.filter((pod) => pod.name === name).map((pod) => `${pod.namespace}/${name}`);
  const here = pods.filter((pod) => pod.namespace === namespace).map((pod) => pod.name);
  const others: string[] = [];
  if (world.services.has(`${namespace}/${name}`)) others.push(`svc/${namespace}/${name}`);
  for (const short of new Set(WORKLOADS.values())) {
    if (here.includes(`${short}/${name}`)) others.push(`${short}/${namespace}/${name}`);
  }
  const replicas = here.filter((pod) => pod.startsWith(`${name}-`)).slice(0, 3);
  const near = [...others, ...elsewhere, ...replicas, ...nearNames(name, here)].slice(0, 4);
  return new Failure('NAME_UNKNOWN', `no pod ${quoted(name)} in namespace ${quoted(namespace)}`, {
    hint:
      didYouMean(near) ??
      (here.length === 0
        ? 'the namespace has no pods: name another with -n, or write NAMESPACE/POD'
        : `it has ${listed(here)}`),
  });
}

function listed(names: readonly string[]): string {
  const sorted = [...names].sort();
  const shown = sorted.slice(0, 5).join(', ');
  return sorted.length > 5 ? `${shown} and ${sorted.length - 5} more` : shown;
}

function checkNamespace(namespace: string, world: World): void {
  const { namespaces } = world.snapshot;
  if (namespaces.has(namespace)) return;
  for (const service of world.services.values()) if (service.namespace === namespace) return;
  throw new Failure('NAME_UNKNOWN', `no namespace ${quoted(namespace)}`, {
    hint:
      didYouMean(nearNames(namespace, namespaces.keys())) ??
      (namespaces.size === 0
        ? 'name one with -n, or as NAMESPACE/NAME'
        : `there are ${listed([...namespaces.keys()])}`),
  });
}

/** One that forwards: an ExternalName is refused, with the DNS name that it is. */
export function serviceNamed(world: World, namespace: string, name: string): ServiceTarget {
  checkNamespace(namespace, world);
  const service = world.services.get(`${namespace}/${name}`);
  if (service === undefined) throw unknownService(namespace, name, world);
  const target: ServiceTarget = { kind: 'service', name: `svc/${namespace}/${name}`, service };
  if (service.externalName === null) return target;
  throw new Failure(
    'NAME_UNKNOWN',
    `${target.name} is an ExternalName: the DNS name ${quoted(service.externalName)}, without endpoints of its own`,
    { hint: 'policies judge the addresses it resolves to: name one of them instead' },
  );
}

function unknownService(namespace: string, name: string, world: World): Failure {
  const here = [...world.services.values()].filter((each) => each.namespace === namespace);
  const names = here.map((each) => each.name);
  return new Failure('NAME_UNKNOWN', `no Service ${quoted(name)} in namespace ${quoted(namespace)}`, {
    hint:
      didYouMean(nearNames(name, names)) ??
      (here.length === 0 ? 'the namespace has no Services' : `it has ${listed(names)}`),
  });
}

/** Nodes have no namespace. */
export function nodeNamed(world: World, name: string): End {
  const node = world.snapshot.nodes.get(name);
  if (node !== undefined) return { kind: 'node', node };
  const names = [...world.snapshot.nodes.keys()];
  throw new Failure('NAME_UNKNOWN', `no node ${quoted(name)}`, {
    hint:
      didYouMean(nearNames(name, names)) ??
      (names.length === 0 ? 'no nodes are known' : `there are ${listed(names)}`),
  });
}

/** In files the workload's template, in a cluster the pods named after it, one per label set; `short`: `deploy`, `sts`. */
export function podsOfWorkloadNamed(
  world: World,
  short: string,
  namespace: string,
  name: string,
): readonly End[] {
  checkNamespace(namespace, world);
  const template = world.snapshot.pods.get(podKey(namespace, `${short}/${name}`));
  if (template !== undefined) return [{ kind: 'pod', pod: template }];
  const suffix = short === 'deploy' ? /^-[a-z0-9]{1,10}-[a-z0-9]{5}$/ : /^-(?:[a-z0-9]{5}|\d+)$/;
  const bySets = new Map<string, Pod>();
  for (const [, pod] of [...world.snapshot.pods].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (pod.namespace !== namespace || !holdsAddresses(pod)) continue;
    if (!pod.name.startsWith(name) || !suffix.test(pod.name.slice(name.length))) continue;
    const key = JSON.stringify([...pod.labels].sort());
    if (!bySets.has(key)) bySets.set(key, pod);
  }
  if (bySets.size > 0) return [...bySets.values()].map((pod) => ({ kind: 'pod', pod }));
  throw new Failure('NAME_UNKNOWN', `no pods of ${short}/${namespace}/${name}`, {
    hint: 'name one of its pods instead',
  });
}
