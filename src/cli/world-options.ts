import type { Address } from '../model/address.ts';

/** The options of every command that needs a world. */
export interface WorldOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  /** Addresses that the question names: pods without one are judged in their families too. */
  readonly asked?: readonly Address[];
}
