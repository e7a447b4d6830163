/**
 * The nft program. Guarantees: one `commit` is one process and one transaction; what it returns says
 * whether the kernel changed, did not, or may have; nothing waits longer than the timeout.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { NftCommand } from '../nft/commands.ts';
import type { CommitResult, Nft } from '../reconcile/ports.ts';
import { culprit } from './culprit.ts';
import { type NftProcess, type NftRun, runNft } from './nft-process.ts';

export type { CommitResult, Nft } from '../reconcile/ports.ts';

export interface NftOptions {
  /** A path or a name on PATH; `nft` unless given. */
  readonly binary?: string;
  readonly timeoutMs: number;
  /** Where command files are written (a private tmpfs is best); made with mode 0700. */
  readonly directory?: string;
}

export function createNft(options: NftOptions): Nft {
  const process = { binary: options.binary ?? 'nft', timeoutMs: options.timeoutMs };
  return {
    async version() {
      const result = await runNft(process, ['--version']);
      if (result.kind === 'timeout')
        throw new Failure(
          'NFT_TIMEOUT',
          `${process.binary} --version did not end in ${options.timeoutMs} ms`,
        );
      const version = /v(\d+\.\d+(?:\.\d+)?)/.exec(result.stdout)?.[1];
      if (version !== undefined) return version;
      throw failed(
        `${process.binary} --version said ${JSON.stringify(result.stdout.slice(0, 200))}`,
        result.message,
      );
    },
    async listTable(family, name) {
      const result = await runNft(process, ['-j', 'list', 'table', family, name]);
      if (result.kind === 'ended') return parseJson(result.stdout);
      if (result.kind === 'failed' && isAbsent(result.message)) return null;
      throw result.kind === 'timeout'
        ? new Failure('NFT_TIMEOUT', `nft did not list table ${family} ${name} in ${options.timeoutMs} ms`)
        : failed(`nft could not list table ${family} ${name}`, result.message);
    },
    check: (commands) => withFile(options.directory, (write) => run(process, ['-c'], commands, write)),
    commit: (commands) => withFile(options.directory, (write) => run(process, [], commands, write)),
  };
}

/** ENOENT of the table; whoever lists it has just looked for nothing else. */
function isAbsent(message: string): boolean {
  return message.includes('No such file or directory');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('NFT_UNREADABLE', `nft printed no JSON: ${JSON.stringify(text.slice(0, 200))}`, {
      cause,
    });
  }
}

function failed(what: string, message: string): Failure {
  const denied = message.includes('Operation not permitted');
  return new Failure('NFT_FAILED', message === '' ? what : `${what}: ${message}`, {
    ...(denied
      ? {
          hint: 'nft needs CAP_NET_ADMIN in the network namespace it works in: run as root, or add the capability NET_ADMIN.',
        }
      : {}),
  });
}

export type WriteCommands = (commands: readonly NftCommand[]) => Promise<string>;

/** Files only their owner can read, in a directory only their owner can enter, gone afterwards. */
async function withFile<T>(
  directory: string | undefined,
  use: (write: WriteCommands) => Promise<T>,
): Promise<T> {
  const parent = directory ?? tmpdir();
  if (directory !== undefined) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
  }
  const own = await mkdtemp(join(parent, 'nft-'));
  try {
    return await use(async (commands) => {
      const file = join(own, 'commands.json');
      await writeFile(file, JSON.stringify({ nftables: commands }), { mode: 0o600 });
      return file;
    });
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function run(
  process: NftProcess,
  flags: readonly string[],
  commands: readonly NftCommand[],
  write: WriteCommands,
): Promise<CommitResult> {
  const result = await runNft(process, [...flags, '-j', '-f', await write(commands)]);
  switch (result.kind) {
    case 'ended':
      return { kind: 'committed', milliseconds: result.milliseconds };
    case 'timeout':
    case 'killed':
      return { kind: 'uncertain', message: result.message };
    case 'failed':
      return await failedRun(process, result, commands, write);
  }
}

async function failedRun(
  process: NftProcess,
  { message }: NftRun,
  commands: readonly NftCommand[],
  write: WriteCommands,
): Promise<CommitResult> {
  if (mayHaveCommitted(message)) return { kind: 'uncertain', message };
  if (isTooLarge(message)) {
    // A shorter beginning would fit whatever stands in it; only a command alone is to blame for its size.
    const command = commands.length === 1 ? 0 : null;
    return { kind: 'refused', message: tooLarge(commands.length, message), command, tooLarge: true };
  }
  if (isOfTheMachine(message)) return { kind: 'refused', message: withHint(message), command: null };
  return { kind: 'refused', message, ...(await culprit(process, commands, write)) };
}

/** The answers did not fit the socket: the commit itself may be done (datapath 6). */
function mayHaveCommitted(message: string): boolean {
  return message.includes('No buffer space available');
}

/** In a user namespace nft may not enlarge its socket buffer, which the whole transaction must fit. */
function isTooLarge(message: string): boolean {
  return message.includes('Message too long');
}

/** No command is at fault: every one would have been refused. */
function isOfTheMachine(message: string): boolean {
  return [
    'Operation not permitted',
    'Cannot allocate memory',
    'Resource temporarily unavailable',
    'Too many open files',
  ].some((words) => message.includes(words));
}

function withHint(message: string): string {
  return message.includes('Operation not permitted') ? `${message}; nft needs CAP_NET_ADMIN` : message;
}

function tooLarge(commands: number, message: string): string {
  const what = commands === 1 ? 'one command' : `a change of ${commands} commands`;
  return `${what} is too large for one transaction in an unprivileged user namespace; run as root, or ask for less at once (${message})`;
}
