/** Raw objects -> a snapshot, through the decoders, as policyd reads them from a watch; and back, as events. */
import {
  type Change,
  type Namespace,
  type Node,
  type Pod,
  type PodKey,
  podKey,
  type Snapshot,
} from '../../src/model/cluster.ts';
import type { Policy } from '../../src/model/policy.ts';
import { type PolicyKey, policyKey, policyRef } from '../../src/model/policy-ref.ts';
import { decodeNamespace } from '../../src/policy/decode/namespace.ts';
import { decodeNetworkPolicy } from '../../src/policy/decode/network-policy.ts';
import { decodeNode } from '../../src/policy/decode/node.ts';
import { decodePod } from '../../src/policy/decode/pod.ts';
import type { RandomCluster } from './arbitraries.ts';
import type { Raw } from './objects.ts';

/** All of a random cluster, as the agent of any node sees it. */
export function snapshotOfCluster({ namespaces, nodes, pods, policies }: RandomCluster): Snapshot {
  return snapshotOf([...namespaces, ...nodes, ...pods, ...policies]);
}

export function snapshotOf(objects: readonly Raw[]): Snapshot {
  const namespaces = new Map<string, Namespace>();
  const pods = new Map<PodKey, Pod>();
  const policies = new Map<PolicyKey, Policy>();
  const nodes = new Map<string, Node>();
  for (const object of objects) {
    switch (object.kind) {
      case 'Namespace': {
        const { value } = decodeNamespace(object, 'ignore');
        if (value) namespaces.set(value.name, value);
        break;
      }
      case 'Pod': {
        const { value } = decodePod(object, 'ignore');
        if (value) pods.set(podKey(value.namespace, value.name), value);
        break;
      }
      case 'NetworkPolicy': {
        const { value } = decodeNetworkPolicy(object, 'ignore');
        if (value) policies.set(policyKey(value), value);
        break;
      }
      case 'Node': {
        const { value } = decodeNode(object, 'ignore');
        if (value) nodes.set(value.name, value);
        break;
      }
      default:
        throw new TypeError(`a test object of unknown kind ${String(object.kind)}`);
    }
  }
  return { namespaces, pods, policies, nodes };
}

/** Everything in a snapshot, as the events that lead to it from nothing. */
export function changesOf({ namespaces, nodes, pods, policies }: Snapshot): readonly Change[] {
  return [
    ...[...nodes].map(([key, value]): Change => ({ kind: 'node', key, value })),
    ...[...namespaces].map(([key, value]): Change => ({ kind: 'namespace', key, value })),
    ...[...pods].map(([key, value]): Change => ({ kind: 'pod', key, value })),
    ...[...policies].map(([, value]): Change => ({ kind: 'policy', ref: policyRef(value), value })),
  ];
}
