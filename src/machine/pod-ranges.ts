/**
 * Where this node's pods are: its ranges, and the addresses of pods outside of them. Decides in which ranges an address that no known pod owns may be dropped (quarantine). A range is used
 * only while every local pod lies in the ranges and no other node's pod does: elsewhere it would cut off
 * somebody else. Each family is judged on its own.
 */
import { type Address, type Cidr, type Family, familyOf } from '../model/address.ts';
import type { Change, Pod, PodKey } from '../model/cluster.ts';
import { holdsAddresses } from '../model/cluster.ts';
import { cidrContains } from '../net/cidr.ts';

export interface PodRangesOptions {
  readonly node: string;
  /** From the command line; they win over the node object. */
  readonly configured: readonly Cidr[];
  /** Every pod of the cluster, as it is after the last update. */
  pods(): Iterable<readonly [PodKey, Pod]>;
}

export interface PodPlaces {
  /** The node's pod ranges as they are known, usable for quarantine or not. */
  readonly ranges: readonly Cidr[];
  /** Addresses of local pods outside of them; usually none. */
  readonly strays: readonly Address[];
}

/** Why addresses without an owner are not dropped in a family. */
export interface RangeTrouble {
  readonly code: 'NO_POD_RANGE' | 'POD_RANGE_UNUSABLE';
  readonly message: string;
}

export interface PodRangesResult {
  readonly ranges: readonly Cidr[];
  readonly degraded: readonly RangeTrouble[];
}

/** An address that forbids the use of its family's ranges, or a local one without a range. */
interface Finding {
  readonly address: Address;
  readonly local: boolean;
  readonly text: string;
}

const FAMILIES: readonly Family[] = [4, 6];

export class PodRanges {
  readonly #options: PodRangesOptions;
  /** Pods with a finding; usually empty. */
  readonly #findings = new Map<PodKey, readonly Finding[]>();
  #ranges: readonly Cidr[];
  #nodeSeen = false;
  #result: PodRangesResult | null = null;
  #places: PodPlaces | null = null;

  constructor(options: PodRangesOptions) {
    this.#options = options;
    this.#ranges = options.configured;
  }

  update(change: Change): void {
    if (change.kind === 'pod') this.#updatePod(change.key, change.value);
    else if (change.kind === 'node' && change.key === this.#options.node) {
      this.#nodeSeen = change.value !== null;
      // A node object that is gone says nothing new about the addresses of its pods.
      if (change.value !== null) this.#setRanges(change.value.podCidrs);
    }
  }

  /** The same object until something about it changes. */
  result(): PodRangesResult {
    this.#result ??= this.#judge();
    return this.#result;
  }

  /** The same object until something about it changes. */
  places(): PodPlaces {
    this.#places ??= {
      ranges: this.#ranges,
      strays: this.#found().flatMap(({ local, address }) => (local ? [address] : [])),
    };
    return this.#places;
  }

  #setRanges(fromNode: readonly Cidr[]): void {
    this.#result = null;
    if (this.#options.configured.length > 0 || sameList(fromNode, this.#ranges)) return;
    this.#ranges = fromNode;
    this.#places = null;
    this.#findings.clear();
    for (const [key, pod] of this.#options.pods()) this.#find(key, pod);
  }

  #updatePod(key: PodKey, pod: Pod | null): void {
    const had = this.#findings.delete(key);
    if (pod !== null) this.#find(key, pod);
    if (!had && !this.#findings.has(key)) return;
    this.#result = null;
    this.#places = null;
  }

  #find(key: PodKey, pod: Pod): void {
    if (!holdsAddresses(pod)) return;
    const local = pod.node === this.#options.node;
    const findings: Finding[] = [];
    for (const address of pod.addresses) {
      const inside = this.#ranges.some((range) => cidrContains(range, address));
      if (inside === local) continue;
      const text = local
        ? `pod ${key} of this node has ${address}, outside of it`
        : `pod ${key} of ${pod.node === null ? 'no node' : `node ${pod.node}`} has ${address}, inside of it`;
      findings.push({ address, local, text });
    }
    if (findings.length > 0) this.#findings.set(key, findings);
  }

  /** In the order of the pods' names, whatever came first. */
  #found(): readonly Finding[] {
    return [...this.#findings].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, findings]) => findings);
  }

  #judge(): PodRangesResult {
    if (this.#ranges.length === 0) return { ranges: [], degraded: [this.#unknown()] };
    const results = FAMILIES.map((family) => this.#judgeFamily(family));
    return {
      ranges: results.flatMap(({ ranges }) => ranges),
      degraded: results.flatMap(({ degraded }) => degraded),
    };
  }

  #judgeFamily(family: Family): PodRangesResult {
    const ranges = this.#ranges.filter((range) => familyOf(range) === family);
    const findings = this.#found().filter(({ address }) => familyOf(address) === family);
    const [first] = findings;
    if (first === undefined) return { ranges, degraded: [] };
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
    const none = ranges.length === 0;
    const message = none
      ? `no pod range for IPv${family} on this node, but ${first.text.replace(', outside of it', '')}${more}`
      : `the pod range ${ranges.join(', ')} cannot be used: ${first.text}${more}`;
    return {
      ranges: [],
      degraded: [
        {
          code: none ? 'NO_POD_RANGE' : 'POD_RANGE_UNUSABLE',
          message: `${message}; addresses that no known pod owns are not dropped`,
        },
      ],
    };
  }

  #unknown(): RangeTrouble {
    const why = this.#nodeSeen
      ? `node ${this.#options.node} has no spec.podCIDRs`
      : `there is no node ${this.#options.node} in the cluster`;
    return {
      code: 'NO_POD_RANGE',
      message: `${why} and no --pod-cidr is given: addresses that no known pod owns are not dropped`,
    };
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
