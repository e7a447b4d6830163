/**
 * Whether an address of this node's pod ranges that no known pod owns is dropped. Closed while a pod that
 * waits here for its address could be isolated: the address it gets is in use before anybody hears of it.
 * Otherwise open, so that a pod no policy is about can be reached from its first moment.
 * To close is to add one element to a set, to open is to delete it: no chain is rewritten.
 */
import { type Cidr, type Family, familyOf } from '../model/address.ts';
import type { PodKey } from '../model/cluster.ts';
import { addressFrom } from '../net/address.ts';
import { cidrRange, everything } from '../net/cidr.ts';
import { type AddressRange, mergeRanges } from '../net/range.ts';
import type { Element, NftSet, SetName } from '../nft/objects.ts';
import { quarantineSet, rangeSet } from './names.ts';
import { FAMILIES } from './statements.ts';

/** A pod of this node without an address. */
export interface WaitingPod {
  readonly namespace: string;
  /** By the policies known now. */
  readonly isolated: boolean;
}

type Sets = ReadonlyMap<SetName, NftSet>;

export class QuarantineSets {
  readonly #waiting = new Map<PodKey, WaitingPod>();
  #open: Sets;
  #closed: Sets;
  #blind: boolean;

  constructor(ranges: readonly Cidr[], blind: boolean) {
    this.#open = setsOf(ranges, []);
    this.#closed = setsOf(ranges, ranges);
    this.#blind = blind;
  }

  setRanges(ranges: readonly Cidr[]): void {
    this.#open = setsOf(ranges, []);
    this.#closed = setsOf(ranges, ranges);
  }

  /** Changes of the cluster do not arrive: a pod nobody has told us of may be waiting here. */
  setBlind(blind: boolean): void {
    this.#blind = blind;
  }

  /** null: the pod does not wait for an address (any more). */
  setWaiting(key: PodKey, pod: WaitingPod | null): void {
    if (pod === null) this.#waiting.delete(key);
    else this.#waiting.set(key, pod);
  }

  /** The ranges, and those of them that are closed: the same objects while nothing changes. */
  sets(knowsNamespace: (name: string) => boolean): Sets {
    // Objects come by separate watches: of a namespace not seen yet, the policies may be missing too.
    const closed = [...this.#waiting.values()].some(
      ({ namespace, isolated }) => isolated || !knowsNamespace(namespace),
    );
    return this.#blind || closed ? this.#closed : this.#open;
  }
}

function setsOf(ranges: readonly Cidr[], closed: readonly Cidr[]): Sets {
  const sets = FAMILIES.flatMap((family) => [
    pairSet(rangeSet(family), family, ranges),
    pairSet(quarantineSet(family), family, closed),
  ]);
  return new Map(sets.map((set) => [set.name, set]));
}

/** The ranges alone, as sets that both tables hold. */
export function rangeSets(ranges: readonly Cidr[]): readonly NftSet[] {
  return FAMILIES.map((family) => pairSet(rangeSet(family), family, ranges));
}

function pairSet(name: SetName, family: Family, ranges: readonly Cidr[]): NftSet {
  const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const own = ranges.filter((range) => familyOf(range) === family).map(cidrRange);
  const elements = new Set(mergeRanges(own).map((range) => pairElement(family, range)));
  return { name, type: [type, type], interval: true, elements };
}

/** The second field says nothing: see the note on concatenations in `peers`. */
function pairElement(family: Family, range: AddressRange): Element {
  return [range, cidrRange(everything(family))]
    .map(({ first, last }) =>
      first === last
        ? addressFrom(family, first)
        : `${addressFrom(family, first)}-${addressFrom(family, last)}`,
    )
    .join(' . ');
}
