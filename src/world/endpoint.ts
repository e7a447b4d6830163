import type { Family } from '../model/address.ts';
import type { End } from './place.ts';

/** One who may answer at a port of a Service, in one address family. */
export interface Endpoint {
  readonly family: Family;
  /** A pod, or an address that no pod has. */
  readonly end: End;
  /** What counts for a traffic policy of `Local`; null: nobody says, as of one outside of the cluster. */
  readonly node: string | null;
  /** Where it listens: the number that a named target port has there. */
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}
