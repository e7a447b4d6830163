/** Runs a command line in this process, as `policyctl` would, and gives what it printed. */
import { Readable } from 'node:stream';
import { runWith } from '../../src/cli/program.ts';
import { openLab } from '../../src/lab/control/client.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Arguments are split at blanks unless they are given as a list. */
export async function policyctl(
  commandLine: string | readonly string[],
  { stdin = '', env = {} }: RunOptions = {},
): Promise<Ran> {
  const args = typeof commandLine === 'string' ? commandLine.split(' ').filter(Boolean) : commandLine;
  let stdout = '';
  let stderr = '';
  const code = await runWith(args, '0.0.0-test', {
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    env,
    stdin: Readable.from([Buffer.from(stdin)]),
    colour: false,
    program: 'policyctl',
    // As src/cli/main.ts opens it: without POLICYD_LAB there is none.
    channel: async () => openLab(env),
  });
  return { code, stdout, stderr };
}
