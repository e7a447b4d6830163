/** What becomes visible: where desired and observed differ in things a packet can reach, and the commands for it. */
import {
  addChain,
  addMap,
  addRule,
  addSet,
  deleteChain,
  deleteElements,
  flushChain,
  type NftCommand,
  type Table,
} from './commands.ts';
import { type ElementChange, isSettled, mapChange, setChange } from './difference.ts';
import type { Chain, Element, ElementVerdict, NftMap, NftSet, Ruleset } from './objects.ts';
import type { ObservedChain, ObservedTable } from './observe.ts';

export interface Changed<T> {
  readonly object: T;
  readonly change: ElementChange;
}

export interface Changes {
  readonly sets: readonly Changed<NftSet>[];
  readonly maps: readonly Changed<NftMap>[];
  /** Chains that are there and hold other rules. */
  readonly rewritten: readonly Chain[];
  /** Base chains that are new, and that nobody wants any more. */
  readonly hooked: readonly Chain[];
  readonly unhooked: readonly ObservedChain[];
}

/** Of what packets can reach already, and of hooks; what is new and has none is staged before. */
export function findChanges(desired: Ruleset, observed: ObservedTable | null): Changes {
  const rewritten: Chain[] = [];
  const hooked: Chain[] = [];
  for (const chain of desired.chains.values()) {
    const present = observed?.chains.get(chain.name);
    if (present) {
      if (!isSettled(chain, present)) rewritten.push(chain);
    } else if (chain.hook) hooked.push(chain);
  }
  const unhooked = observed ? unwantedChains(desired, observed).filter(({ hook }) => hook !== null) : [];
  return {
    sets: changesOf(desired.sets, observed?.sets, setChange),
    maps: changesOf(desired.maps, observed?.maps, mapChange),
    rewritten,
    hooked,
    unhooked,
  };
}

/**
 * Everything is taken away before anything is added, so that an element with a new verdict, a changed
 * interval or two chains that swap who calls whom never collide on the way.
 */
export function commandsOf(
  table: Table,
  { sets, maps, rewritten, hooked, unhooked }: Changes,
): readonly NftCommand[] {
  return [
    ...maps.flatMap(({ object, change }) => removeElements(table, object, change.removed)),
    ...sets.flatMap(({ object, change }) => removeElements(table, object, change.removed)),
    ...rewritten.map(({ name }) => flushChain(table, name)),
    ...unhooked.flatMap((chain) => dropChain(table, chain)),
    ...sets.flatMap(({ object, change }) => addElements(table, object, change.added)),
    ...rewritten.flatMap((chain) => rulesOf(table, chain)),
    ...maps.flatMap(({ object, change }) => addEntries(table, object, change.added)),
    ...hooked.flatMap((chain) => [addChain(table, chain), ...rulesOf(table, chain)]),
  ];
}

/** Chains in the kernel that the ruleset does not have. */
export function unwantedChains(desired: Ruleset, observed: ObservedTable): readonly ObservedChain[] {
  const wanted: ReadonlyMap<string, Chain> = desired.chains;
  return [...observed.chains.values()].filter(({ name }) => !wanted.has(name));
}

/** At the end of a chain that is there and empty. */
export function rulesOf(table: Table, chain: Chain): readonly NftCommand[] {
  return chain.rules.map((rule, index) => addRule(table, chain, rule, index));
}

function changesOf<Name, Desired, Observed>(
  desired: ReadonlyMap<Name, Desired>,
  observed: ReadonlyMap<Name, Observed> | undefined,
  difference: (desired: Desired, observed: Observed) => ElementChange | null,
): readonly Changed<Desired>[] {
  const result: Changed<Desired>[] = [];
  if (!observed) return result;
  for (const [name, object] of desired) {
    const present = observed.get(name);
    const change = present === undefined ? null : difference(object, present);
    if (change) result.push({ object, change });
  }
  return result;
}

function removeElements(
  table: Table,
  object: NftSet | NftMap,
  removed: readonly Element[],
): readonly NftCommand[] {
  return removed.length > 0 ? [deleteElements(table, object, removed)] : [];
}

function addElements(table: Table, set: NftSet, added: readonly Element[]): readonly NftCommand[] {
  return added.length > 0 ? [addSet(table, set, added)] : [];
}

function addEntries(table: Table, map: NftMap, added: readonly Element[]): readonly NftCommand[] {
  return added.length > 0 ? [addMap(table, map, verdictsOf(map, added))] : [];
}

function verdictsOf(map: NftMap, keys: readonly Element[]): readonly (readonly [Element, ElementVerdict])[] {
  return keys.flatMap((key) => {
    const verdict = map.elements.get(key);
    return verdict ? [[key, verdict] as const] : [];
  });
}

function dropChain(table: Table, { name, rules }: ObservedChain): readonly NftCommand[] {
  return [...(rules > 0 ? [flushChain(table, name)] : []), deleteChain(table, name)];
}
