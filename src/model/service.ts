import type { Address, Family } from './address.ts';
import type { Labels } from './labels.ts';
import type { Protocol } from './protocol.ts';

/** A Service as explain and the lab need it; policies never name one. */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** null: no selector, endpoints are managed by hand. */
  readonly selector: Labels | null;
  /** ExternalName: another DNS name for this one, without address and endpoints. */
  readonly externalName: string | null;
  /** Canonical; empty for headless. */
  readonly clusterAddresses: readonly Address[];
  /** Of its addresses; without any what `spec.ipFamilies` says; empty: of its pods'. */
  readonly families: readonly Family[];
  readonly ports: readonly ServicePort[];
  /** `internalTrafficPolicy: Local`: endpoints of the client's own node only. */
  readonly internalLocal: boolean;
  /** `externalTrafficPolicy: Local`: endpoints of the node dialled only, who see the client's own address. */
  readonly externalLocal: boolean;
  /** `publishNotReadyAddresses`: pods are endpoints before they are ready. */
  readonly publishNotReady: boolean;
}

export interface ServicePort {
  readonly name: string | null;
  readonly protocol: Protocol;
  readonly port: number;
  /** A number, or the name of a container port of the backend. */
  readonly targetPort: number | string;
  readonly nodePort: number | null;
}
