import type { Address, Family } from '../../model/address.ts';
import type { Protocol } from '../../model/protocol.ts';

/** One port of one Service in one address family: what clients dial, and who answers. */
export interface Front {
  /** `namespace/service:port`, for people. */
  readonly title: string;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly clusterAddress: Address;
  readonly port: number;
  /** On every node; null when the Service has none. */
  readonly nodePort: number | null;
  /** Sorted; empty: connections are refused. */
  readonly backends: readonly Backend[];
  /** internalTrafficPolicy Local: the ClusterIP leads to backends of the client's node only. */
  readonly internalLocal: boolean;
  /** externalTrafficPolicy Local: a NodePort leads to backends of its node only, and keeps the client's address. */
  readonly externalLocal: boolean;
  /** sessionAffinity ClientIP: a client's address decides among the backends. */
  readonly sticky: boolean;
}

export interface Backend {
  readonly address: Address;
  /** Already the number: a named targetPort is resolved on each pod. */
  readonly port: number;
  /** null: outside the cluster, or not told. */
  readonly node: string | null;
}

/** A container's hostPort: the same port on the node leads to the pod. */
export interface HostPort {
  readonly title: string;
  readonly node: string;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly port: number;
  /** hostIP; null: every address of the node. */
  readonly at: Address | null;
  readonly backend: Backend;
}
