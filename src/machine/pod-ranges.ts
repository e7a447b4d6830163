/**
 * Decides in which ranges an address that no known pod owns may be dropped (quarantine). A range is used
 * only while every local pod lies in the ranges and no other node's pod does: elsewhere it would cut off
 * somebody else. Each family is judged on its own.
 */
import { type Cidr, type Family, familyOf } from '../model/address.ts';
import type { Change, Pod, PodKey } from '../model/cluster.ts';
import { holdsAddresses } from '../model/cluster.ts';
import { cidrContains } from '../net/cidr.ts';

export interface PodRangesOptions {
  readonly node: string;
  /** From the command line; they win over the node object. */
  readonly configured: readonly Cidr[];
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
  readonly family: Family;
  readonly text: string;
}

const FAMILIES: readonly Family[] = [4, 6];

export class PodRanges {
  readonly #node: string;
  readonly #configured: readonly Cidr[];
  readonly #pods = new Map<PodKey, Pod>();
  /** Pods with a finding; usually empty. */
  readonly #findings = new Map<PodKey, readonly Finding[]>();
  #ranges: readonly Cidr[];
  #nodeSeen = false;
  #result: PodRangesResult | null = null;

  constructor(options: PodRangesOptions) {
    this.#node = options.node;
    this.#configured = options.configured;
    this.#ranges = options.configured;
  }

  update(change: Change): void {
    if (change.kind === 'pod') this.#updatePod(change.key, change.value);
    else if (change.kind === 'node' && change.key === this.#node) {
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

  #setRanges(fromNode: readonly Cidr[]): void {
    this.#result = null;
    if (this.#configured.length > 0 || sameList(fromNode, this.#ranges)) return;
    this.#ranges = fromNode;
    this.#findings.clear();
    for (const [key, pod] of this.#pods) this.#find(key, pod);
  }

  #updatePod(key: PodKey, pod: Pod | null): void {
    const had = this.#findings.delete(key);
    if (pod !== null && holdsAddresses(pod)) {
      this.#pods.set(key, pod);
      this.#find(key, pod);
    } else {
      this.#pods.delete(key);
    }
    if (had || this.#findings.has(key)) this.#result = null;
  }

  #find(key: PodKey, pod: Pod): void {
    const local = pod.node === this.#node;
    const findings: Finding[] = [];
    for (const address of pod.addresses) {
      const inside = this.#ranges.some((range) => cidrContains(range, address));
      if (inside === local) continue;
      const text = local
        ? `pod ${key} of this node has ${address}, outside of it`
        : `pod ${key} of ${pod.node === null ? 'no node' : `node ${pod.node}`} has ${address}, inside of it`;
      findings.push({ family: familyOf(address), text });
    }
    if (findings.length > 0) this.#findings.set(key, findings);
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
    const findings = [...this.#findings.values()].flat().filter((finding) => finding.family === family);
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
      ? `node ${this.#node} has no spec.podCIDRs`
      : `there is no node ${this.#node} in the cluster`;
    return {
      code: 'NO_POD_RANGE',
      message: `${why} and no --pod-cidr is given: addresses that no known pod owns are not dropped`,
    };
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
