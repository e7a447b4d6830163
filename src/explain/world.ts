/** What an explanation is made from: a snapshot, and how complete it is. */
import type { PodKey, Snapshot } from '../model/cluster.ts';
import type { Path } from '../model/labels.ts';
import type { PolicyKey } from '../model/policy.ts';
import type { Service } from '../model/service.ts';
import type { At, Input } from './explanation.ts';

export interface World {
  /** Every live pod has an address: its own, or a stand-in. */
  readonly snapshot: Snapshot;
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Service>;
  /** Pods whose addresses are stand-ins that no decision may rest on. */
  readonly standIns: ReadonlySet<PodKey>;
  /** Namespaces that objects name but nobody described: of their labels only the name is known. */
  readonly undescribed: ReadonlySet<string>;
  readonly input: Input;
  /** The host part of `internet` where it is known (the lab); empty: any public address. */
  readonly internet: readonly string[];
  readonly locate: (policy: PolicyKey, path: Path) => At | null;
}
