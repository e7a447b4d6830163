/**
 * Which command of a refused transaction is at fault. nft names none, so the shortest beginning that it
 * refuses is searched with `nft -c`, and in that beginning's last command the first element that it refuses.
 */
import type { NftCommand } from '../nft/commands.ts';
import type { NftRun } from './nft-process.ts';

export interface Culprit {
  /** null: nft does not answer, refuses nothing any more, or refuses whatever it is given. */
  readonly command: number | null;
  readonly element?: number;
}

/** Never an object of anybody: the table is not made, only asked for. */
const HARMLESS: NftCommand = { add: { table: { family: 'inet', name: 'policyd_probe' } } };

/** Asks `check` about beginnings of the refused `commands`; no question is begun after `timeoutMs`. */
export async function culprit(
  commands: readonly NftCommand[],
  check: (commands: readonly NftCommand[]) => Promise<NftRun>,
  timeoutMs: number,
): Promise<Culprit> {
  const end = performance.now() + timeoutMs;
  const refuses = async (list: readonly NftCommand[]): Promise<boolean | null> => {
    if (performance.now() > end) return null;
    const { kind } = await check(list);
    return kind === 'ended' ? false : kind === 'failed' ? true : null;
  };
  if ((await refuses(commands)) !== true || (await refuses([HARMLESS])) !== false) return { command: null };
  const command = await firstRefused(commands.length, (length) => refuses(commands.slice(0, length)));
  const guilty = command === null ? undefined : commands[command];
  if (command === null || guilty === undefined) return { command: null };
  const count = elementsOf(guilty).length;
  const before = commands.slice(0, command);
  const withElements = (length: number): readonly NftCommand[] => [...before, firstElements(guilty, length)];
  if (count < 2 || (await refuses(withElements(0))) !== false) return { command };
  const element = await firstRefused(count, (length) => refuses(withElements(length)));
  return element === null ? { command } : { command, element };
}

/** Index of the last of the shortest refused beginning; the whole is known to be refused, nothing to pass. */
async function firstRefused(
  count: number,
  refuses: (length: number) => Promise<boolean | null>,
): Promise<number | null> {
  let passes = 0;
  let fails = count;
  while (fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    const refused = await refuses(middle);
    if (refused === null) return null;
    if (refused) fails = middle;
    else passes = middle;
  }
  return fails - 1;
}

/** Of what is added; taking away is never an object's fault. */
function elementsOf(command: NftCommand): readonly unknown[] {
  if (!('add' in command)) return [];
  if ('set' in command.add) return command.add.set.elem ?? [];
  return 'map' in command.add ? (command.add.map.elem ?? []) : [];
}

function firstElements(command: NftCommand, length: number): NftCommand {
  if (!('add' in command)) return command;
  const { add } = command;
  if ('set' in add) return { add: { set: withoutSome(add.set, length) } };
  return 'map' in add ? { add: { map: withoutSome(add.map, length) } } : command;
}

function withoutSome<T extends { readonly elem?: readonly unknown[] }>(object: T, length: number): T {
  const { elem = [], ...rest } = object;
  return (length === 0 ? rest : { ...rest, elem: elem.slice(0, length) }) as T;
}
