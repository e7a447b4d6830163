/** Runs a command line in this process, as `policyctl` would, and gives what it printed. */
import { Readable } from 'node:stream';
import { runWith } from '../../src/cli/program.ts';

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
    channel: async () => null,
  });
  return { code, stdout, stderr };
}
