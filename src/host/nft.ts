/**
 * The nft program. Guarantees: one `commit` is one process and one transaction; what it returns says
 * whether the kernel changed, did not, or may have; nothing waits longer than the timeout.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../model/failure.ts';
import type { NftCommand } from '../nft/commands.ts';
import { type NftProcess, runNft } from './nft-process.ts';

export type CommitResult =
  | { readonly kind: 'committed'; readonly milliseconds: number }
  /** The kernel is unchanged. `command` is the index of the one that is at fault, when it could be found. */
  | { readonly kind: 'refused'; readonly message: string; readonly command: number | null }
  /** The commit may or may not have happened: observe before anything else. */
  | { readonly kind: 'uncertain'; readonly message: string };

export interface Nft {
  /** `1.0.6` */
  version(): Promise<string>;
  /** The parsed `nft -j list table`; null when there is no such table. */
  listTable(family: string, name: string): Promise<unknown | null>;
  /** One atomic transaction. Throws NFT_MISSING; every other outcome is a result. */
  commit(commands: readonly NftCommand[]): Promise<CommitResult>;
}

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
    commit: (commands) => withFile(options.directory, (write) => commitFile(process, commands, write)),
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
    ...(denied ? { hint: 'nft needs CAP_NET_ADMIN in the network namespace it works in: run as root.' } : {}),
  });
}

type WriteCommands = (commands: readonly NftCommand[]) => Promise<string>;

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

async function commitFile(
  process: NftProcess,
  commands: readonly NftCommand[],
  write: WriteCommands,
): Promise<CommitResult> {
  const run = await runNft(process, ['-j', '-f', await write(commands)]);
  switch (run.kind) {
    case 'ended':
      return { kind: 'committed', milliseconds: run.milliseconds };
    case 'timeout':
    case 'killed':
      return { kind: 'uncertain', message: run.message };
    case 'failed':
      if (mayHaveCommitted(run.message)) return { kind: 'uncertain', message: run.message };
      // No command is at fault: a shorter beginning would fit whatever stands in it.
      if (isTooLarge(run.message))
        return { kind: 'refused', message: tooLarge(commands.length, run.message), command: null };
      return { kind: 'refused', message: run.message, command: await culprit(process, commands, write) };
  }
}

/** The answers did not fit the socket: the commit itself may be done (datapath 6). */
function mayHaveCommitted(message: string): boolean {
  return message.includes('No buffer space available');
}

/** In a user namespace nft may not enlarge its socket buffer, which the whole transaction must fit. */
function isTooLarge(message: string): boolean {
  return message.includes('Message too long');
}

function tooLarge(commands: number, message: string): string {
  return `a change of ${commands} commands is too large for one transaction in an unprivileged user namespace; run as root, or change less at once (${message})`;
}

/**
 * nft names no command, so the shortest beginning that it refuses is searched with `nft -c`; its last
 * command is at fault. null: none is refused any more, or nft does not answer.
 */
async function culprit(
  process: NftProcess,
  commands: readonly NftCommand[],
  write: WriteCommands,
): Promise<number | null> {
  const refuses = async (length: number): Promise<boolean | null> => {
    const { kind } = await runNft(process, ['-c', '-j', '-f', await write(commands.slice(0, length))]);
    return kind === 'ended' ? false : kind === 'failed' ? true : null;
  };
  if ((await refuses(commands.length)) !== true) return null;
  let passes = 0;
  let fails = commands.length;
  while (fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    const refused = await refuses(middle);
    if (refused === null) return null;
    if (refused) fails = middle;
    else passes = middle;
  }
  return fails - 1;
}
