/** The world a command works on: files when there are any, else the cluster. */

import { assembleWorld } from '../world/gather.ts';
import type { World } from '../world/world.ts';
import type { Terminal } from './terminal.ts';
import type { WorldOptions } from './world-options.ts';

export interface Loaded {
  readonly world: World;
  /** For names without one. */
  readonly namespace: string;
  /** -n was given. */
  readonly named: boolean;
}

/** Notes on what is left out or cannot be read go to standard error. */
export async function loadWorld(options: WorldOptions, terminal: Terminal): Promise<Loaded> {
  const named = options.namespace !== undefined;
  if ((options.filename ?? []).length > 0) {
    const { readFilesInput } = await import('./files-input.ts');
    const input = await readFilesInput(options, terminal);
    for (const text of [...input.ignored, ...input.notes]) terminal.err(`note: ${text}\n`);
    const world = assembleWorld(
      input.decoded,
      { kind: 'files', cluster: null, files: input.files, missing: input.ignored },
      { asked: options.asked ?? [] },
    );
    return { world, namespace: options.namespace ?? 'default', named };
  }
  const { readClusterInput } = await import('./cluster-input.ts');
  const input = await readClusterInput(options, terminal);
  return { world: input.world, namespace: options.namespace ?? input.namespace, named };
}
