/** What an explanation is made from: a snapshot, and how complete it is. */
import type { PodKey, Snapshot } from '../model/cluster.ts';
import type { EndpointSlice } from '../model/endpoint-slice.ts';
import type { Path } from '../model/labels.ts';
import type { PolicyRef } from '../model/policy-ref.ts';
import type { Service } from '../model/service.ts';

export interface World {
  /** Every live pod has an address: its own, or a stand-in. */
  readonly snapshot: Snapshot;
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Service>;
  /** By the `namespace/name` of the Service. */
  readonly slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  /** A Service without a slice has no endpoints; false: its selector tells who they are. */
  readonly slicesListed: boolean;
  /** Pods that are known not to be ready: in a cluster all that do not say they are. */
  readonly unready: ReadonlySet<PodKey>;
  /** Pods whose addresses are stand-ins that no decision may rest on. */
  readonly standIns: ReadonlySet<PodKey>;
  /** Namespaces that objects name but nobody described: of their labels only the name is known. */
  readonly undescribed: ReadonlySet<string>;
  readonly input: Input;
  /** The host part of `internet` where it is known (the lab); empty: any public address. */
  readonly internet: readonly string[];
  readonly locate: (policy: PolicyRef, path: Path) => At | null;
}

/** Where the objects came from. */
export interface Input {
  readonly kind: 'files' | 'cluster';
  /** The API server's URL; null for files. */
  readonly cluster: string | null;
  readonly files: readonly string[];
  readonly objects: {
    readonly namespaces: number;
    readonly nodes: number;
    readonly pods: number;
    readonly services: number;
    readonly policies: number;
  };
  /** What could not be read, in words. */
  readonly missing: readonly string[];
}

/** Line and column from 1. */
export interface At {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
