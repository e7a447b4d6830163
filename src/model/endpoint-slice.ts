import type { Address, Family } from './address.ts';
import type { Protocol } from './protocol.ts';

/** Who answers for a Service, as the cluster lists it or somebody wrote it by hand. */
export interface EndpointSlice {
  readonly namespace: string;
  readonly name: string;
  /** The Service of this name in the same namespace; null: of none. */
  readonly service: string | null;
  /** null: of DNS names, which nothing forwards to. */
  readonly family: Family | null;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SlicePort {
  /** The name of the Service's port; null where that has none. */
  readonly name: string | null;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface SliceEndpoint {
  /** The first of its addresses: nothing forwards to the others. */
  readonly address: Address;
  /** The name of the pod in the slice's namespace that is said to be there; null: nobody says. */
  readonly pod: string | null;
  readonly node: string | null;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}
