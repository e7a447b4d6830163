/** Transactions, and how commands that may be committed in steps are packed into them. */
import type { NftCommand } from './commands.ts';
import type { Ruleset } from './objects.ts';

/**
 * One atomic transaction. `stage`: objects that nothing refers to yet. `switch`: all that becomes visible,
 * in one step. `collect`: what nothing refers to any more. Batches are committed in order; after a
 * failure the kernel is observed and a new plan is made.
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

/** How much one batch may hold; commands and elements share the room. Binds `stage` and `collect`. */
export interface Limits {
  readonly maxCommands: number;
  readonly maxElements: number;
}

/**
 * In an unprivileged user namespace one batch must fit the socket's buffer: about 500 rules or 5,000
 * elements (datapath 5); half of that leaves room for long rules.
 */
export const UNPRIVILEGED_LIMITS: Limits = { maxCommands: 250, maxElements: 2500 };

export const UNLIMITED: Limits = {
  maxCommands: Number.POSITIVE_INFINITY,
  maxElements: Number.POSITIVE_INFINITY,
};

/** Keeps the order. A single command larger than the limits gets a batch of its own. */
export function packBatches(
  purpose: Batch['purpose'],
  commands: readonly NftCommand[],
  limits: Limits,
): readonly Batch[] {
  const batches: { purpose: Batch['purpose']; commands: NftCommand[] }[] = [];
  let room = 0;
  for (const command of commands) {
    const share = 1 / limits.maxCommands + elementCount(command) / limits.maxElements;
    const last = batches.at(-1);
    if (last && share <= room) {
      last.commands.push(command);
      room -= share;
    } else {
      batches.push({ purpose, commands: [command] });
      room = 1 - share;
    }
  }
  return batches;
}

function elementCount(command: NftCommand): number {
  if (!('add' in command)) return 0;
  if ('set' in command.add) return command.add.set.elem?.length ?? 0;
  return 'map' in command.add ? (command.add.map.elem?.length ?? 0) : 0;
}
