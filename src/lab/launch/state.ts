import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What a second terminal must know to join a lab: `lab.json` in the lab's directory. */
export interface LabState {
  readonly name: string;
  /** The policyctl that holds the lab. */
  readonly owner: number;
  /** The lab's PID 1; null until its namespaces stand. */
  readonly init: number | null;
  /** The PID namespace in which `owner` and `init` are numbers. */
  readonly pidNamespace: string;
  readonly userNamespace: boolean;
  readonly nodes: number;
  /** ISO 8601. */
  readonly since: string;
  /** What the lab was started for: a command, or null for `lab up`. */
  readonly command: readonly string[] | null;
  /** Variables for every command in the lab; null until the lab is ready. */
  readonly env: Readonly<Record<string, string>> | null;
  /** Directories that go in front of PATH. */
  readonly path: readonly string[];
}

const schema: z.ZodType<LabState> = z.object({
  name: z.string(),
  owner: z.int().positive(),
  init: z.int().positive().nullable(),
  pidNamespace: z.string(),
  userNamespace: z.boolean(),
  nodes: z.int(),
  since: z.string(),
  command: z.array(z.string()).nullable(),
  env: z.record(z.string(), z.string()).nullable(),
  path: z.array(z.string()),
});

/** Replaces the file in one step: a reader sees the old state or the new one. */
export async function writeState(directory: string, state: LabState): Promise<void> {
  const file = join(directory, 'lab.json');
  await writeFile(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Null when there is none, or none that this version understands. */
export async function readState(directory: string): Promise<LabState | null> {
  try {
    return schema.parse(JSON.parse(await readFile(join(directory, 'lab.json'), 'utf8')));
  } catch {
    return null;
  }
}
