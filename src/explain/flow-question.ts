import type { Family } from '../model/address.ts';
import type { End } from '../world/place.ts';
import type { FlowReport } from './explanation.ts';
import type { AskedPort } from './judge.ts';

/** One flow that a question means: two ends and a port, in every family they share. */
export interface FlowQuestion {
  readonly source: End;
  readonly destination: End;
  readonly port: AskedPort;
  readonly via: FlowReport['via'];
  /** Those a Service is dialled by; null: any. */
  readonly families: readonly Family[] | null;
}
