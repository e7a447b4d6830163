import type { Address, Cidr } from './address.ts';
import type { Branded } from './brand.ts';
import type { Labels } from './labels.ts';
import type { Policy } from './policy.ts';
import { type PolicyKey, type PolicyRef, policyKey } from './policy-ref.ts';
import type { Protocol } from './protocol.ts';

/** `namespace/name`. Kubernetes names hold no slash, so the key is injective. */
export type PodKey = Branded<'PodKey'>;

/** Of names that Kubernetes has accepted. */
export function podKey(namespace: string, name: string): PodKey {
  return `${namespace}/${name}` as PodKey;
}

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

/** A port a container declares; only named ones mean anything to policies (semantics F4 to F8). */
export interface ContainerPort {
  readonly name: string | null;
  readonly protocol: Protocol;
  /** 1..65535 */
  readonly port: number;
}

/** What policyd keeps of a Pod: only what policies are compiled from. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Labels;
  readonly node: string | null;
  /** status.podIPs, canonical; empty until the pod has one. */
  readonly addresses: readonly Address[];
  readonly hostNetwork: boolean;
  readonly phase: Phase;
  /** metadata.deletionTimestamp is set; still subject and peer until it is gone (semantics I3). */
  readonly deleting: boolean;
  /** metadata.creationTimestamp in seconds of the epoch; 0 where nobody says. */
  readonly created: number;
  /** Asks to be let send from addresses that are not its own; it may only where its namespace does. */
  readonly forwards?: true;
  /** Containers and sidecars (init containers with restartPolicy Always); plain init containers are left out. */
  readonly ports: readonly ContainerPort[];
}

/** Succeeded and Failed pods have released their addresses (semantics I2). */
export function holdsAddresses(pod: Pod): boolean {
  return !pod.hostNetwork && pod.phase !== 'Succeeded' && pod.phase !== 'Failed';
}

export interface Namespace {
  readonly name: string;
  /** Always holds kubernetes.io/metadata.name (semantics D6). */
  readonly labels: Labels;
}

export interface Node {
  readonly name: string;
  readonly labels: Labels;
  /** InternalIP and ExternalIP of status.addresses, canonical. */
  readonly addresses: readonly Address[];
  /** spec.podCIDRs */
  readonly podCidrs: readonly Cidr[];
}

/** An immutable view of the cluster, safe to act on once every kind has been listed. */
export interface Snapshot {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  readonly pods: ReadonlyMap<PodKey, Pod>;
  readonly policies: ReadonlyMap<PolicyKey, Policy>;
  readonly nodes: ReadonlyMap<string, Node>;
}

/** What happened to one object: `null` means it is gone. */
export type Change =
  | { readonly kind: 'pod'; readonly key: PodKey; readonly value: Pod | null }
  | { readonly kind: 'namespace'; readonly key: string; readonly value: Namespace | null }
  | { readonly kind: 'policy'; readonly ref: PolicyRef; readonly value: Policy | null }
  | { readonly kind: 'node'; readonly key: string; readonly value: Node | null };

/** `pod shop/api`, `node a`: the same for every change of one object, and no other's. */
export function changedObject(change: Change): string {
  return `${change.kind} ${change.kind === 'policy' ? policyKey(change.ref) : change.key}`;
}
