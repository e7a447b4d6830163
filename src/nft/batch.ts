/** Transactions, and how commands that may be committed in steps are packed into them. */
import type { NftCommand } from './commands.ts';
import type { Ruleset } from './objects.ts';

/**
 * One atomic transaction. `stage`: objects that nothing refers to yet. `switch`: all that becomes visible,
 * in one step unless that would exceed the limits (steps.ts). `collect`: what nothing refers to any more.
 * Batches are committed in order; after a failure the kernel is observed and a new plan is made.
 */
export interface Batch {
  readonly purpose: 'stage' | 'switch' | 'collect';
  readonly commands: readonly NftCommand[];
}

/** No batches: nothing differs. */
export interface Plan {
  readonly desired: Ruleset;
  readonly batches: readonly Batch[];
}

/** What packets wait for, and what they never meet: two plans, the second to follow the first. */
export function split({ desired, batches }: Plan): { readonly visible: Plan; readonly garbage: Plan } {
  const isGarbage = ({ purpose }: Batch): boolean => purpose === 'collect';
  return {
    visible: { desired, batches: batches.filter((batch) => !isGarbage(batch)) },
    garbage: { desired, batches: batches.filter(isGarbage) },
  };
}

/** How much one batch may hold; commands and elements share the room. */
export interface Limits {
  readonly maxCommands: number;
  readonly maxElements: number;
}

/**
 * In an unprivileged user namespace one batch must fit the socket's buffer: about 500 rules or 5,000
 * elements (datapath 5.9); half of that leaves room for long rules.
 */
export const UNPRIVILEGED_LIMITS: Limits = { maxCommands: 250, maxElements: 2500 };

export const UNLIMITED: Limits = {
  maxCommands: Number.POSITIVE_INFINITY,
  maxElements: Number.POSITIVE_INFINITY,
};

/** After a transaction that was too large all the same: half as much; from no limits to those above. */
export function halved({ maxCommands, maxElements }: Limits): Limits {
  if (maxCommands > UNPRIVILEGED_LIMITS.maxCommands) return UNPRIVILEGED_LIMITS;
  return { maxCommands: Math.max(1, maxCommands / 2), maxElements: Math.max(1, maxElements / 2) };
}

/** Keeps the order. A single command larger than the limits gets a batch of its own. */
export function packBatches(
  purpose: Batch['purpose'],
  commands: readonly NftCommand[],
  limits: Limits,
): readonly Batch[] {
  return packGroups(
    purpose,
    commands.map((command) => [command]),
    limits,
  );
}

/** Keeps the order, and each group in one batch; a group larger than the limits has one to itself. */
export function packGroups(
  purpose: Batch['purpose'],
  groups: readonly (readonly NftCommand[])[],
  limits: Limits,
): readonly Batch[] {
  const batches: { purpose: Batch['purpose']; commands: NftCommand[] }[] = [];
  let room = 0;
  for (const group of groups) {
    const share = shareOf(group, limits);
    const last = batches.at(-1);
    if (last && share <= room) {
      for (const command of group) last.commands.push(command);
      room -= share;
    } else {
      batches.push({ purpose, commands: [...group] });
      room = 1 - share;
    }
  }
  return batches;
}

/** Whether these commands can be one transaction. */
export function fits(commands: readonly NftCommand[], limits: Limits): boolean {
  return limits === UNLIMITED || shareOf(commands, limits) <= 1;
}

function shareOf(commands: readonly NftCommand[], limits: Limits): number {
  return commands.reduce(
    (sum, command) => sum + 1 / limits.maxCommands + elementCount(command) / limits.maxElements,
    0,
  );
}

function elementCount(command: NftCommand): number {
  if ('delete' in command) {
    return 'element' in command.delete ? command.delete.element.elem.length : 0;
  }
  if (!('add' in command)) return 0;
  if ('set' in command.add) return command.add.set.elem?.length ?? 0;
  if ('map' in command.add) return command.add.map.elem?.length ?? 0;
  return 'rule' in command.add ? anonymousElements(command.add.rule) : 0;
}

/** Of the sets written inside a rule. */
function anonymousElements({ expr }: { readonly expr: readonly object[] }): number {
  let count = 0;
  for (const statement of expr) {
    if (!('match' in statement)) continue;
    const { right } = statement.match as { readonly right: unknown };
    if (typeof right === 'object' && right !== null && 'set' in right && Array.isArray(right.set))
      count += right.set.length;
  }
  return count;
}
