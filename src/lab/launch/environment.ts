import { delimiter } from 'node:path';
import type { LabState } from './state.ts';

/** The caller's environment with the lab's variables, and the lab's programs in front of PATH. */
export function commandEnvironment(
  caller: NodeJS.ProcessEnv,
  state: Pick<LabState, 'env' | 'path'>,
): Record<string, string> {
  const defined = Object.entries(caller).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const path = [...state.path, ...(caller.PATH ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter)];
  return { ...Object.fromEntries(defined), ...state.env, PATH: [...new Set(path)].join(delimiter) };
}
