/** What the machine is like, as changes, in the way objects of the cluster arrive. */
import type { Address } from '../model/address.ts';
import type { Link } from './link.ts';
import type { SwitchState } from './setting.ts';

/** `null` means it is gone. */
export type MachineChange =
  | { readonly kind: 'link'; readonly key: string; readonly value: Link | null }
  /**
   * The link by which the longest prefix leads to an address; null: none does. Of every address with a route of its
   * own and without a gateway, and of those that are followed.
   */
  | { readonly kind: 'route'; readonly key: Address; readonly value: string | null }
  /** A link with a route by a gateway: it leads away from this node. */
  | { readonly kind: 'uplink'; readonly key: string; readonly value: true | null }
  /** A switch that rules may rely on was found so; its key is only for telling them apart. */
  | { readonly kind: 'switch'; readonly key: string; readonly value: SwitchState };

export interface MachineSink {
  changed(changes: readonly MachineChange[]): void;
  /** Why the machine cannot be looked at; null: it can. */
  failing(message: string | null): void;
}

/** The one way by which the machine is known; `host` implements it. */
export interface Machine {
  /** Looks at once, and from now on also for the ways to these addresses. Never throws. */
  follow(addresses: readonly Address[]): void;
  /** Looks from time to time, until the signal. */
  run(sink: MachineSink, signal: AbortSignal): Promise<void>;
}
