/**
 * Desired and observed to the cheapest sequence of transactions (datapath 2.3 and 5.4). Guarantees: nothing a
 * packet can reach changes outside the `switch` batch, which is one unless the limits forbid it; a batch
 * never refers to what does not exist and never deletes what is referred to; nothing differs, nothing is
 * written.
 */
import { type Batch, fits, type Limits, type Plan, packBatches, packGroups, UNLIMITED } from './batch.ts';
import { chunks } from './chunks.ts';
import {
  addChain,
  addMap,
  addSet,
  addTable,
  deleteChain,
  deleteMap,
  deleteSet,
  deleteTable,
  flushChain,
  type NftCommand,
  type Table,
} from './commands.ts';
import { replaceable } from './difference.ts';
import type { NftMap, NftSet, Ruleset } from './objects.ts';
import type { ObservedTable } from './observe.ts';
import { switchGroups } from './steps.ts';
import { commandsOf, findChanges, rulesOf, unwantedChains } from './switch.ts';

export { applyPlan } from './apply.ts';
export { type Batch, type Limits, type Plan, split } from './batch.ts';

/**
 * `observed`: null when there is no table; the one transaction that then makes it, if it fits, also replaces one that
 * is there after all. No batches: nothing differs.
 */
export function plan(desired: Ruleset, observed: ObservedTable | null, limits: Limits = UNLIMITED): Plan {
  if (observed && !replaceable(desired, observed)) {
    return { desired, batches: [{ purpose: 'switch', commands: replaceTable(desired) }] };
  }
  const whole = observed === null ? replaceTable(desired) : null;
  if (whole !== null && fits(whole, limits)) {
    return { desired, batches: [{ purpose: 'switch', commands: whole }] };
  }
  const batches = [
    ...packBatches('stage', stageCommands(desired, observed, limits), limits),
    ...switchBatches(desired, observed, limits),
    ...(observed ? packBatches('collect', collectCommands(desired, observed), limits) : []),
  ];
  return { desired, batches };
}

/** The whole table goes, in one transaction; nothing is left to be done where there is none. */
export function removal(table: Table, observed: ObservedTable | null): Plan {
  const desired: Ruleset = { table, chains: new Map(), sets: new Map(), maps: new Map() };
  const batches: readonly Batch[] = [{ purpose: 'switch', commands: [deleteTable(table)] }];
  return { desired, batches: observed === null ? [] : batches };
}

/** One transaction, unless it would not fit; nothing a packet can reach changes outside of it. */
function switchBatches(desired: Ruleset, observed: ObservedTable | null, limits: Limits): readonly Batch[] {
  const changes = findChanges(desired, observed);
  const commands = commandsOf(desired.table, changes);
  if (commands.length === 0) return [];
  if (fits(commands, limits)) return [{ purpose: 'switch', commands }];
  return packGroups('switch', switchGroups(desired, observed, changes, limits), limits);
}

/** `delete table`, if there is one, and its successor, in one transaction: no packet sees a gap. */
function replaceTable(desired: Ruleset): readonly NftCommand[] {
  const { table } = desired;
  return [
    addTable(table),
    deleteTable(table),
    ...stageCommands(desired, null, UNLIMITED),
    ...commandsOf(table, findChanges(desired, null)),
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
  return inParts(set.elements, limits).map((elements) => addSet(table, set, elements));
}

function createMap(table: Table, map: NftMap, limits: Limits): readonly NftCommand[] {
  return inParts(map.elements, limits).map((elements) => addMap(table, map, elements));
}

/** At least one part: what is empty is created too. */
function inParts<T>(elements: Iterable<T>, { maxElements }: Limits): readonly (readonly T[])[] {
  const parts = chunks([...elements], maxElements);
  return parts.length > 0 ? parts : [[]];
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

function namesWithout(
  observed: ReadonlyMap<string, unknown>,
  desired: ReadonlyMap<string, unknown>,
): readonly string[] {
  return [...observed.keys()].filter((name) => !desired.has(name));
}
