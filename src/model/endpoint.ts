import type { Address, Cidr } from './address.ts';
import type { PodKey } from './cluster.ts';
import type { Path, Selector } from './labels.ts';
import type { NamespaceScope } from './policy.ts';
import type { PolicyRef } from './policy-ref.ts';
import type { PortRange, Protocol } from './protocol.ts';

/**
 * What one pod's policies come to, after `policy/resolve` and before any nft: the input of `compile`.
 * Group members are not in it: they are looked up by the group's meaning.
 */
export interface EndpointPolicy {
  readonly pod: PodKey;
  readonly uid: string;
  readonly addresses: readonly Address[];
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
}

/** The stages a packet of one direction passes in order. None: not isolated, allowed. */
export interface DirectionPolicy {
  readonly stages: readonly Stage[];
}

/**
 * Rules, any of which allows what it matches. `otherwise` is what no match means: NetworkPolicies deny
 * (isolation); a stage that continues leaves it to the next one, and after the last: allow.
 */
export interface Stage {
  readonly rules: readonly StageRule[];
  readonly otherwise: 'deny' | 'continue';
}

export interface StageRule {
  readonly peers: ResolvedPeers;
  readonly ports: ResolvedPorts;
  readonly origin: RuleOrigin;
}

/** The rule of the policy text a compiled rule comes from. */
export interface RuleOrigin {
  readonly policy: PolicyRef;
  readonly direction: 'ingress' | 'egress';
  readonly index: number;
}

export type ResolvedPeers =
  | { readonly kind: 'any' }
  | { readonly kind: 'some'; readonly peers: readonly ResolvedPeer[] };

export type ResolvedPeer =
  | { readonly kind: 'pods'; readonly group: PodGroup; readonly path: Path }
  | { readonly kind: 'ipBlock'; readonly cidr: Cidr; readonly except: readonly Cidr[]; readonly path: Path };

/** Pods by meaning: those matching `pods` in the namespaces of the scope. Host-network pods never (H3). */
export interface PodGroup {
  readonly namespaces: NamespaceScope;
  readonly pods: Selector;
}

/**
 * `some` with both lists empty matches nothing. `named` occurs only in egress, where each destination
 * pod resolves the name itself (F5); for ingress the subject's numbers are already in `ranges` (F4).
 */
export type ResolvedPorts =
  | { readonly kind: 'any' }
  | { readonly kind: 'some'; readonly ranges: readonly PortRange[]; readonly named: readonly NamedPort[] };

export interface NamedPort {
  readonly protocol: Protocol;
  readonly name: string;
}
