/**
 * Desired and observed to the cheapest sequence of transactions (datapath 2 and 5). Guarantees: nothing a
 * packet can reach changes outside the one `switch` batch; a batch never refers to what does not exist
 * and never deletes what is referred to; nothing differs, nothing is written.
 */
import { type Batch, type Limits, type Plan, packBatches, UNLIMITED } from './batch.ts';
import {
  addChain,
  addMap,
  addRule,
  addSet,
  addTable,
  deleteChain,
  deleteElements,
  deleteMap,
  deleteSet,
  deleteTable,
  flushChain,
  type NftCommand,
  type Table,
} from './commands.ts';
import { type ElementChange, isSettled, mapChange, replaceable, setChange } from './difference.ts';
import type { Chain, ElementVerdict, NftMap, NftSet, Ruleset } from './objects.ts';
import type { ObservedChain, ObservedTable } from './observe.ts';

export { applyPlan } from './apply.ts';
export type { Batch, Limits, Plan } from './batch.ts';

export function plan(desired: Ruleset, observed: ObservedTable | null, limits: Limits = UNLIMITED): Plan {
  if (observed && !replaceable(desired, observed)) {
    return { desired, batches: [{ purpose: 'switch', commands: replaceTable(desired) }] };
  }
  const batches = [
    ...packBatches('stage', stageCommands(desired, observed, limits), limits),
    ...oneBatch('switch', switchCommands(desired, observed)),
    ...(observed ? packBatches('collect', collectCommands(desired, observed), limits) : []),
  ];
  return { desired, batches };
}

function oneBatch(purpose: Batch['purpose'], commands: readonly NftCommand[]): readonly Batch[] {
  return commands.length > 0 ? [{ purpose, commands }] : [];
}

/** `delete table` of one that exists, and its successor, in one transaction: no packet sees a gap. */
function replaceTable(desired: Ruleset): readonly NftCommand[] {
  const { table } = desired;
  return [
    addTable(table),
    deleteTable(table),
    ...stageCommands(desired, null, UNLIMITED),
    ...switchCommands(desired, null),
  ];
}

/**
 * New objects, in the order in which they may refer to each other. Base chains are not among them: a hook
 * is visible at once.
 */
function stageCommands(
  desired: Ruleset,
  observed: ObservedTable | null,
  limits: Limits,
): readonly NftCommand[] {
  const { table } = desired;
  const sets = [...desired.sets.values()].filter(({ name }) => !observed?.sets.has(name));
  const maps = [...desired.maps.values()].filter(({ name }) => !observed?.maps.has(name));
  const chains = [...desired.chains.values()].filter(
    ({ name, hook }) => hook === null && !observed?.chains.has(name),
  );
  return [
    ...(observed ? [] : [addTable(table)]),
    ...sets.flatMap((set) => createSet(table, set, limits)),
    ...chains.map((chain) => addChain(table, chain)),
    ...maps.flatMap((map) => createMap(table, map, limits)),
    ...chains.flatMap((chain) => rulesOf(table, chain)),
  ];
}

function createSet(table: Table, set: NftSet, limits: Limits): readonly NftCommand[] {
  return chunks([...set.elements], limits.maxElements).map((elements) => addSet(table, set, elements));
}

function createMap(table: Table, map: NftMap, limits: Limits): readonly NftCommand[] {
  return chunks([...map.elements], limits.maxElements).map((elements) => addMap(table, map, elements));
}

/** At least one chunk: an empty set is created too. */
function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  if (list.length <= size) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

function rulesOf(table: Table, chain: Chain): readonly NftCommand[] {
  return chain.rules.map((rule, index) => addRule(table, chain, rule, index));
}

/**
 * All that becomes visible, a base chain that goes included. Everything is taken away before anything is added, so that an element with a
 * new verdict, a changed interval or two chains that swap who calls whom never collide on the way.
 */
function switchCommands(desired: Ruleset, observed: ObservedTable | null): readonly NftCommand[] {
  const { table } = desired;
  const rewritten: Chain[] = [];
  const hooked: Chain[] = [];
  for (const chain of desired.chains.values()) {
    const present = observed?.chains.get(chain.name);
    if (present) {
      if (!isSettled(chain, present)) rewritten.push(chain);
    } else if (chain.hook) hooked.push(chain);
  }
  const unhooked = observed ? unwantedChains(desired, observed).filter(({ hook }) => hook !== null) : [];
  const sets = changesOf(desired.sets, observed?.sets, setChange);
  const maps = changesOf(desired.maps, observed?.maps, mapChange);
  return [
    ...maps.flatMap(({ object, change }) => remove(table, object, change.removed)),
    ...sets.flatMap(({ object, change }) => remove(table, object, change.removed)),
    ...rewritten.map(({ name }) => flushChain(table, name)),
    ...unhooked.flatMap((chain) => dropChain(table, chain)),
    ...sets.flatMap(({ object, change }) =>
      change.added.length > 0 ? [addSet(table, object, change.added)] : [],
    ),
    ...rewritten.flatMap((chain) => rulesOf(table, chain)),
    ...maps.flatMap(({ object, change }) =>
      change.added.length > 0 ? [addMap(table, object, verdictsOf(object, change.added))] : [],
    ),
    ...hooked.flatMap((chain) => [addChain(table, chain), ...rulesOf(table, chain)]),
  ];
}

function changesOf<Name, Desired, Observed>(
  desired: ReadonlyMap<Name, Desired>,
  observed: ReadonlyMap<Name, Observed> | undefined,
  difference: (desired: Desired, observed: Observed) => ElementChange | null,
): readonly { readonly object: Desired; readonly change: ElementChange }[] {
  const result: { object: Desired; change: ElementChange }[] = [];
  if (!observed) return result;
  for (const [name, object] of desired) {
    const present = observed.get(name);
    const change = present === undefined ? null : difference(object, present);
    if (change) result.push({ object, change });
  }
  return result;
}

function remove(table: Table, object: NftSet | NftMap, removed: readonly string[]): readonly NftCommand[] {
  return removed.length > 0 ? [deleteElements(table, object, removed)] : [];
}

function verdictsOf(map: NftMap, keys: readonly string[]): readonly (readonly [string, ElementVerdict])[] {
  return keys.flatMap((key) => {
    const verdict = map.elements.get(key);
    return verdict ? [[key, verdict] as const] : [];
  });
}

/** What nothing refers to any more, referrers first: rules, then maps, then the chains and sets they named. */
function collectCommands(desired: Ruleset, observed: ObservedTable): readonly NftCommand[] {
  const { table } = desired;
  const chains = unwantedChains(desired, observed).filter(({ hook }) => hook === null);
  return [
    ...chains.filter(({ rules }) => rules > 0).map(({ name }) => flushChain(table, name)),
    ...namesWithout(observed.maps, desired.maps).map((name) => deleteMap(table, name)),
    ...chains.map(({ name }) => deleteChain(table, name)),
    ...namesWithout(observed.sets, desired.sets).map((name) => deleteSet(table, name)),
  ];
}

function unwantedChains(desired: Ruleset, observed: ObservedTable): readonly ObservedChain[] {
  const wanted: ReadonlyMap<string, Chain> = desired.chains;
  return [...observed.chains.values()].filter(({ name }) => !wanted.has(name));
}

function dropChain(table: Table, { name, rules }: ObservedChain): readonly NftCommand[] {
  return [...(rules > 0 ? [flushChain(table, name)] : []), deleteChain(table, name)];
}

function namesWithout(
  observed: ReadonlyMap<string, unknown>,
  desired: ReadonlyMap<string, unknown>,
): readonly string[] {
  return [...observed.keys()].filter((name) => !desired.has(name));
}
