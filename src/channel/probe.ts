/** A connection to be made from inside a cluster, and what became of it. */
import type { Protocol } from '../model/protocol.ts';

/** `pod` is `namespace/name`; `external` is the host outside that stands for the internet. */
export type ProbeSource = { readonly pod: string } | { readonly node: string } | { readonly external: true };

export interface ProbeQuery {
  readonly from: ProbeSource;
  readonly to: { readonly address: string; readonly port: number; readonly protocol: Protocol };
  /** 1 to 60,000. */
  readonly timeoutMs: number;
}

export interface ProbeReport {
  /** blocked: nothing came back in time. refused: somebody said no. error: no packet can be told from this. */
  readonly outcome: 'connected' | 'blocked' | 'refused' | 'error';
  readonly milliseconds: number;
  /** For people. */
  readonly detail: string;
}
