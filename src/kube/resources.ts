/** What is watched: where it is listed, how it is decoded, and the change of the model it becomes. */
import { type Change, type Namespace, type Node, type Pod, podKey } from '../model/cluster.ts';
import type { FieldProblem, Policy } from '../model/policy.ts';
import { decodeNamespace } from '../policy/decode/namespace.ts';
import { decodeNetworkPolicy } from '../policy/decode/network-policy.ts';
import { decodeNode } from '../policy/decode/node.ts';
import { decodePod } from '../policy/decode/pod.ts';
import type { WatchedResource } from '../status/status.ts';
import type { Pool } from './pool.ts';

export interface Identity {
  /** Empty for what has no namespace. */
  readonly namespace: string;
  readonly name: string;
}

export interface Resource<T> {
  readonly resource: WatchedResource;
  /** For people: `NetworkPolicy`. */
  readonly kind: string;
  readonly path: string;
  decode(raw: unknown): { readonly value: T | null; readonly problems: readonly FieldProblem[] };
  /** The same value made of parts that others have too. */
  pooled?(value: T, pool: Pool): T;
  change(identity: Identity, value: T | null): Change;
}

export const PODS: Resource<Pod> = {
  resource: 'pods',
  kind: 'Pod',
  path: '/api/v1/pods',
  decode: (raw) => decodePod(raw, 'ignore'),
  pooled: pooledPod,
  change: ({ namespace, name }, value) => ({ kind: 'pod', key: podKey(namespace, name), value }),
};

export const NAMESPACES: Resource<Namespace> = {
  resource: 'namespaces',
  kind: 'Namespace',
  path: '/api/v1/namespaces',
  decode: (raw) => decodeNamespace(raw, 'ignore'),
  change: ({ name }, value) => ({ kind: 'namespace', key: name, value }),
};

export const NODES: Resource<Node> = {
  resource: 'nodes',
  kind: 'Node',
  path: '/api/v1/nodes',
  decode: (raw) => decodeNode(raw, 'ignore'),
  change: ({ name }, value) => ({ kind: 'node', key: name, value }),
};

export const NETWORK_POLICIES: Resource<Policy> = {
  resource: 'networkpolicies',
  kind: 'NetworkPolicy',
  path: '/apis/networking.k8s.io/v1/networkpolicies',
  decode: (raw) => decodeNetworkPolicy(raw, 'ignore'),
  change: (identity, value) => ({ kind: 'policy', ref: { kind: 'NetworkPolicy', ...identity }, value }),
};

function pooledPod(pod: Pod, pool: Pool): Pod {
  const text = (value: string): string => pool.share(`text ${value}`, value);
  return {
    ...pod,
    namespace: text(pod.namespace),
    node: pod.node === null ? null : text(pod.node),
    labels: pool.share(`labels ${JSON.stringify([...pod.labels])}`, pod.labels),
    ports: pool.share(`ports ${JSON.stringify(pod.ports)}`, pod.ports),
  };
}

/** null when the object cannot be told apart from others. */
export function identityOf(raw: unknown): (Identity & { readonly version: string }) | null {
  const { metadata } = fields(raw);
  const { namespace = '', name, resourceVersion = '' } = fields(metadata);
  if (typeof name !== 'string' || name === '' || typeof namespace !== 'string') return null;
  return { namespace, name, version: typeof resourceVersion === 'string' ? resourceVersion : '' };
}

export function describeObject(kind: string, { namespace, name }: Identity): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
