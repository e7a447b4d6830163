/** Where this node's pods are: its ranges, and the addresses of pods outside of them. */
import type { Address, Cidr } from '../model/address.ts';
import type { Change, PodKey } from '../model/cluster.ts';
import { holdsAddresses } from '../model/cluster.ts';
import { cidrContains } from '../net/cidr.ts';
import type { PodPlaces } from './pod-bridges.ts';

export interface LocalPlacesOptions {
  readonly node: string;
  /** From the command line; they win over the node object. */
  readonly configured: readonly Cidr[];
}

export class LocalPlaces {
  readonly #options: LocalPlacesOptions;
  readonly #pods = new Map<PodKey, readonly Address[]>();
  #ranges: readonly Cidr[];
  #moved = false;

  constructor(options: LocalPlacesOptions) {
    this.#options = options;
    this.#ranges = options.configured;
  }

  update(changes: readonly Change[]): void {
    const { node, configured } = this.#options;
    for (const change of changes) {
      if (change.kind === 'pod') {
        const { key, value } = change;
        const addresses = value?.node === node && holdsAddresses(value) ? value.addresses : [];
        if (addresses.join() !== (this.#pods.get(key) ?? []).join()) this.#moved = true;
        if (addresses.length > 0) this.#pods.set(key, addresses);
        else this.#pods.delete(key);
      } else if (change.kind === 'node' && change.key === node && configured.length === 0) {
        const { value } = change;
        if (value === null) continue;
        if (value.podCidrs.join() !== this.#ranges.join()) this.#moved = true;
        this.#ranges = value.podCidrs;
      }
    }
  }

  /** Whether anything about the places has changed since the last time this was asked. */
  takeMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  get places(): PodPlaces {
    const strays = [...this.#pods.values()]
      .flat()
      .filter((address) => !this.#ranges.some((range) => cidrContains(range, address)));
    return { ranges: this.#ranges, strays };
  }
}
