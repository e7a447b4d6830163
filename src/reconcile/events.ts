/**
 * What the loop tells of what it does, with its figures. The log is one observer; whoever counts is another.
 * Times are milliseconds.
 */
import type { SwitchPlace } from '../machine/setting.ts';
import type { Family } from '../model/address.ts';
import type { Degradation, DegradationCode } from '../status/status.ts';

export interface Spent {
  readonly compile: number;
  readonly plan: number;
  readonly commit: number;
}

export type LoopEvent =
  /** What packets meet is as desired, by these transactions; garbage comes after it, and is told only alone. */
  | {
      readonly kind: 'committed';
      readonly table: string;
      readonly revision: number;
      readonly cause: string;
      /** nft commands. */
      readonly operations: number;
      readonly batches: number;
      /** Transactions by which it became visible; 1 unless it was too large for one. */
      readonly steps: number;
      /** Since the first change that led to it arrived. */
      readonly milliseconds: number;
      readonly spent: Spent;
    }
  /** The first look found the table as desired. */
  | {
      readonly kind: 'adopted';
      readonly table: string;
      readonly revision: number;
      readonly cause: string;
      readonly milliseconds: number;
    }
  /** A table was found other than it had been left, and has been put right. */
  | {
      readonly kind: 'drift';
      readonly table: string;
      /** nft commands; 0: what packets meet was as desired, and only garbage lay about. */
      readonly operations: number;
      /** `nft (process 4711)`, of the first PID namespace; null: not heard of, only found. */
      readonly by: string | null;
      /** Since it was heard of; null: it was not. */
      readonly milliseconds: number | null;
      /** Of this table, so far. */
      readonly repairs: number;
    }
  /** Others' changes are heard of from now on. */
  | { readonly kind: 'hearing' }
  /** They are not, for the moment; tables are read again once they are. */
  | { readonly kind: 'deaf'; readonly reason: string }
  /** A part of an object is left out, since the kernel refuses it. */
  | { readonly kind: 'refused'; readonly object: string; readonly message: string }
  | {
      readonly kind: 'failed';
      readonly trouble: Degradation;
      /** In a row. */
      readonly failures: number;
      readonly cause: string;
      /** Quick tries are over. */
      readonly degraded: boolean;
    }
  | { readonly kind: 'recovered'; readonly after: DegradationCode }
  /** nft takes suspiciously long. */
  | { readonly kind: 'slow' }
  | {
      readonly kind: 'switched-on';
      readonly bridge: string;
      readonly family: Family;
      readonly place: SwitchPlace;
      /** It had been on before, and somebody else had switched it off. */
      readonly repaired: boolean;
      /** So far. */
      readonly repairs: number;
    }
  | { readonly kind: 'degraded'; readonly trouble: Degradation }
  | { readonly kind: 'restored'; readonly code: DegradationCode }
  /** The compiler threw at a change, and is built anew from everything that is known. */
  | { readonly kind: 'compiler-broken'; readonly message: string; readonly rebuilds: number };

export type LoopObserver = (event: LoopEvent) => void;

/** Several as one, each told in turn. */
export function toAll(observers: readonly LoopObserver[]): LoopObserver {
  return (event) => {
    for (const tell of observers) tell(event);
  };
}
