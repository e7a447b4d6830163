/**
 * Blocks with exceptions, as layers of plain prefixes: in a layer is who lies in one of its prefixes and in
 * none of its exceptions, in the whole who is in one of the layers. Nothing is cut, so it is never more prefixes
 * than were written. Prefixes of one layer are disjoint, and so are its exceptions.
 */
import { type Cidr, type Family, familyOf } from '../model/address.ts';
import type { Block } from './block.ts';
import { cidrRange, halves, prefixLength } from './cidr.ts';

/** By length, from 1 on. */
export type PrefixesByLength = ReadonlyMap<number, ReadonlySet<Cidr>>;

export interface PrefixLayer {
  readonly prefixes: PrefixesByLength;
  readonly exceptions: PrefixesByLength;
}

/** What a prefix in the text means: of which blocks it is the whole, and from which it is taken. */
interface Place {
  readonly cidr: Cidr;
  readonly first: bigint;
  readonly last: bigint;
  readonly opens: number[];
  readonly excepts: number[];
}

/** Of one family; blocks of the other are none. */
export function prefixLayers(blocks: readonly Block[], family: Family): readonly PrefixLayer[] {
  const levels: Map<number, Set<Cidr>>[] = [];
  const path: { readonly place: Place; readonly level: number }[] = [];
  const state = new Standing();
  for (const place of placesOf(blocks, family)) {
    for (let last = path.at(-1); last !== undefined && last.place.last < place.first; last = path.at(-1)) {
      state.leave(last.place);
      path.pop();
    }
    state.enter(place);
    const above = path.at(-1)?.level ?? 0;
    // Odd levels are in, even ones out: a prefix that says what holds around it says nothing.
    const level = (above % 2 === 1) === state.inside ? above : above + 1;
    path.push({ place, level });
    if (level > above) addTo(levels, level - 1, place.cidr);
  }
  return Array.from({ length: Math.ceil(levels.length / 2) }, (_, index) => ({
    prefixes: levels[2 * index] ?? new Map(),
    exceptions: levels[2 * index + 1] ?? new Map(),
  }));
}

/** In how many blocks one is on the way down, exceptions heeded. */
class Standing {
  readonly #exceptions = new Map<number, number>();
  #open = 0;

  get inside(): boolean {
    return this.#open > 0;
  }

  enter({ opens, excepts }: Place): void {
    this.#open += opens.length;
    for (const block of excepts) {
      const before = this.#exceptions.get(block) ?? 0;
      if (before === 0) this.#open -= 1;
      this.#exceptions.set(block, before + 1);
    }
  }

  leave({ opens, excepts }: Place): void {
    this.#open -= opens.length;
    for (const block of excepts) {
      const rest = (this.#exceptions.get(block) ?? 0) - 1;
      if (rest === 0) this.#open += 1;
      this.#exceptions.set(block, rest);
    }
  }
}

/** Each prefix once, those around others before them. */
function placesOf(blocks: readonly Block[], family: Family): readonly Place[] {
  const places = new Map<Cidr, Place>();
  const place = (cidr: Cidr): Place => {
    const known = places.get(cidr) ?? { cidr, ...bounds(cidr), opens: [], excepts: [] };
    places.set(cidr, known);
    return known;
  };
  for (const [index, { cidr, except }] of blocks.entries()) {
    if (familyOf(cidr) !== family) continue;
    place(cidr).opens.push(index);
    for (const each of new Set(except)) place(each).excepts.push(index);
  }
  return [...places.values()].sort(
    (a, b) => compare(a.first, b.first) || compare(b.last, a.last) || compare(a.cidr, b.cidr),
  );
}

function bounds(cidr: Cidr): { readonly first: bigint; readonly last: bigint } {
  const { first, last } = cidrRange(cidr);
  return { first, last };
}

function addTo(levels: Map<number, Set<Cidr>>[], index: number, cidr: Cidr): void {
  const level = levels[index] ?? new Map<number, Set<Cidr>>();
  levels[index] = level;
  // Nothing is looked up by none of its bits.
  for (const each of prefixLength(cidr) === 0 ? halves(cidr) : [cidr]) {
    const length = prefixLength(each);
    const known = level.get(length);
    if (known) known.add(each);
    else level.set(length, new Set([each]));
  }
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
