/**
 * The ipBlocks of a rule -> look-ups in sets that never change: the addresses as one interval set while that is
 * few prefixes, else a hash set for each prefix length, with exceptions looked up beside them. Intervals are cut
 * around exceptions, and the kernel splits each into prefixes: `::/0` without 4,000 addresses is 330,000 of them.
 */
import { type Address, type Cidr, type Family, familyOf } from '../model/address.ts';
import { addressFrom, width } from '../net/address.ts';
import { arePrefixes, type Block, blockRanges } from '../net/block.ts';
import { type PrefixesByLength, type PrefixLayer, prefixLayers } from '../net/prefix-layers.ts';
import type { AddressRange } from '../net/range.ts';
import type { Element, NftSet } from '../nft/objects.ts';
import { hash, setName } from './names.ts';
import { blocksText, listed } from './scopes.ts';
import type { Lookup } from './set-use.ts';
import type { Shapes } from './shapes.ts';
import { addressType } from './statements.ts';

/** Alternatives; who is in one of the blocks meets every look-up of one of them. */
export function blockLookups(
  blocks: readonly Block[],
  family: Family,
  shapes: Shapes,
): readonly (readonly Lookup[])[] {
  const own = blocks.filter(({ cidr }) => familyOf(cidr) === family);
  const ranges = blockRanges(own);
  if (ranges.length === 0) return [];
  const layers = prefixLayers(own, family);
  const lookups = layers.reduce((sum, { prefixes, exceptions }) => sum + prefixes.size + exceptions.size, 0);
  const most = Math.min(shapes.mostPrefixes, shapes.prefixesPerLookup * lookups);
  if (arePrefixes(ranges, most)) return [[intervalLookup(ranges, own, family)]];
  return layers.flatMap((layer) => layerLookups(layer, family));
}

function intervalLookup(ranges: readonly AddressRange[], blocks: readonly Block[], family: Family): Lookup {
  const elements = ranges.map(rangeElement);
  const key = JSON.stringify(['block', family, elements]);
  const name = setName(`net_${hash(key)}_${family}`);
  const set: NftSet = {
    name,
    type: [addressType(family), 'inet_proto'],
    interval: true,
    elements: new Set(elements),
  };
  return {
    use: { kind: 'fixed', key, name, set, text: blocksText(blocks) },
    key: { kind: 'address and protocol' },
    negated: false,
  };
}

/**
 * The second field only makes the set a concatenation: adding to any plain interval set costs as much as
 * reading all of them (nft 1.0.6, 0.4 to 1 s beside 100,000 elements).
 */
function rangeElement({ family, first, last }: AddressRange): string {
  const from: Address = addressFrom(family, first);
  return first === last ? `${from} . 0-255` : `${from}-${addressFrom(family, last)} . 0-255`;
}

/** One alternative for each length of the layer's prefixes; they are disjoint, so at most one is met. */
function layerLookups({ prefixes, exceptions }: PrefixLayer, family: Family): readonly (readonly Lookup[])[] {
  const outside = byLength(exceptions).map(([length, list]) => prefixLookup(list, length, family, true));
  return byLength(prefixes).map(([length, list]) => [prefixLookup(list, length, family, false), ...outside]);
}

/** Longest first. */
function byLength(prefixes: PrefixesByLength): readonly (readonly [number, ReadonlySet<Cidr>])[] {
  return [...prefixes].sort(([a], [b]) => b - a);
}

function prefixLookup(prefixes: ReadonlySet<Cidr>, length: number, family: Family, negated: boolean): Lookup {
  const elements: readonly Element[] = [...prefixes].map((cidr) => cidr.slice(0, cidr.indexOf('/'))).sort();
  const key = JSON.stringify(['prefixes', family, length, elements]);
  const name = setName(`net${length}_${hash(key)}_${family}`);
  const set: NftSet = { name, type: [addressType(family)], interval: false, elements: new Set(elements) };
  return {
    use: { kind: 'fixed', key, name, set, text: listed([...prefixes].sort(), ', ') },
    key: length === width(family) ? { kind: 'address' } : { kind: 'prefix', length },
    negated,
  };
}
