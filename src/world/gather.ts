/** Raw objects, from files or from a cluster, to the world an explanation is made from. */

import type { Address } from '../model/address.ts';
import type { Namespace, Node, Pod, PodKey } from '../model/cluster.ts';
import { podKey } from '../model/cluster.ts';
import type { Path } from '../model/labels.ts';
import type { FieldProblem, Policy } from '../model/policy.ts';
import { type PolicyKey, policyKey } from '../model/policy-ref.ts';
import type { Service } from '../model/service.ts';
import type { Decoded, UnknownFields } from '../policy/decode/decoded.ts';
import { decodeNamespace } from '../policy/decode/namespace.ts';
import { decodeNetworkPolicy } from '../policy/decode/network-policy.ts';
import { decodeNode } from '../policy/decode/node.ts';
import { decodePod } from '../policy/decode/pod.ts';
import { decodeService } from '../policy/decode/service.ts';
import { complete } from './complete.ts';
import { spokenFamilies } from './families.ts';
import { podsOfWorkload } from './workload.ts';
import type { At, World } from './world.ts';

/** One object as it was read. */
export interface Gathered {
  readonly kind: string;
  readonly raw: unknown;
  readonly locate: ((path: Path) => At | null) | null;
}

export interface ObjectProblem {
  readonly object: Gathered;
  readonly problem: FieldProblem;
}

export interface Decodings {
  readonly namespaces: Map<string, Namespace>;
  readonly nodes: Map<string, Node>;
  readonly pods: Map<PodKey, Pod>;
  readonly services: Map<string, Service>;
  readonly policies: Map<PolicyKey, Policy>;
  readonly places: Map<PolicyKey, (path: Path) => At | null>;
  readonly problems: ObjectProblem[];
}

export function decodeAll(objects: readonly Gathered[], unknownFields: UnknownFields): Decodings {
  const into: Decodings = {
    namespaces: new Map(),
    nodes: new Map(),
    pods: new Map(),
    services: new Map(),
    policies: new Map(),
    places: new Map(),
    problems: [],
  };
  for (const object of objects) {
    const take = <Value>({ value, problems }: Decoded<Value>): Value | null => {
      for (const problem of problems) into.problems.push({ object, problem });
      return value;
    };
    decodeOne(object, unknownFields, take, into);
  }
  return into;
}

function decodeOne(
  { kind, raw, locate }: Gathered,
  unknownFields: UnknownFields,
  take: <Value>(decoded: Decoded<Value>) => Value | null,
  into: Decodings,
): void {
  switch (kind) {
    case 'Namespace': {
      const value = take(decodeNamespace(raw, unknownFields));
      if (value !== null) into.namespaces.set(value.name, value);
      return;
    }
    case 'Node': {
      const value = take(decodeNode(raw, unknownFields));
      if (value !== null) into.nodes.set(value.name, value);
      return;
    }
    case 'Pod': {
      const value = take(decodePod(raw, unknownFields));
      if (value !== null) into.pods.set(podKey(value.namespace, value.name), value);
      return;
    }
    case 'Service': {
      const value = take(decodeService(raw, unknownFields));
      if (value !== null) into.services.set(`${value.namespace}/${value.name}`, value);
      return;
    }
    case 'NetworkPolicy': {
      const value = take(decodeNetworkPolicy(raw, unknownFields));
      if (value === null) return;
      const key = policyKey(value);
      into.policies.set(key, value);
      if (locate !== null) into.places.set(key, locate);
      return;
    }
    default: {
      const value = take(podsOfWorkload(kind, raw, unknownFields));
      if (value !== null) into.pods.set(podKey(value.namespace, value.name), value);
    }
  }
}

/** The kinds `decodeAll` makes something of. */
export const USED_KINDS: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'Pod',
  'Service',
  'NetworkPolicy',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
]);

export interface Surroundings {
  /** Where `internet` is, if that is known. */
  readonly internet?: readonly string[];
  /** Addresses that the question names. */
  readonly asked?: readonly Address[];
}

export function assembleWorld(
  decoded: Decodings,
  origin: Pick<World['input'], 'kind' | 'cluster' | 'files' | 'missing'>,
  { internet = [], asked = [] }: Surroundings = {},
): World {
  const { namespaces, nodes, pods, services, policies, places } = decoded;
  const families = spokenFamilies({ pods, policies }, services.values(), asked);
  const completed = complete({ revision: 1, namespaces, nodes, pods, policies }, families);
  return {
    ...completed,
    services,
    internet,
    input: {
      ...origin,
      objects: {
        namespaces: namespaces.size,
        nodes: nodes.size,
        pods: pods.size,
        services: services.size,
        policies: policies.size,
      },
    },
    locate: (policy, path) => places.get(policyKey(policy))?.(path) ?? null,
  };
}
