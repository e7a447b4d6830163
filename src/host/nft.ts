/**
 * The nft program. Guarantees: one `commit` is one process and one transaction; what it returns says
 * whether the kernel changed, did not, or may have; nothing waits longer than the timeout.
 */
import { Failure } from '../model/failure.ts';
import type { NftCommand } from '../nft/commands.ts';
import { withDevices } from '../nft/listed-devices.ts';
import type { CommitResult, Nft } from '../nft/port.ts';
import { type RevisionCommand, revisionCommands } from '../nft/revision.ts';
import { culprit } from './culprit.ts';
import { PLACES, withNamelessFile } from './nameless-file.ts';
import { FILE_PATH, type NftRun, runNft } from './nft-process.ts';
import type { Revisions } from './revisions.ts';

export type { CommitResult, Nft } from '../nft/port.ts';

export interface NftOptions {
  /** A path or a name on PATH; `nft` unless given. */
  readonly binary?: string;
  readonly timeoutMs: number;
  /** Where command files are opened; they never have a name. Default: wherever there is memory for them. */
  readonly directory?: string;
  /** Each commit writes one of them, so that it is known for ours. */
  readonly revisions?: Revisions;
}

/**
 * All of it throws a Failure NFT_MISSING; `version`, `listTable` and `listAll` also NFT_TIMEOUT, NFT_FAILED and
 * NFT_UNREADABLE, and `check` NO_ROOM. How a commit or a check ended is its result.
 */
export function createNft(options: NftOptions): Nft {
  const process = { binary: options.binary ?? 'nft', timeoutMs: options.timeoutMs };
  const places = options.directory === undefined ? PLACES : [options.directory];
  const send = (
    flags: readonly string[],
    commands: readonly (NftCommand | RevisionCommand)[],
  ): Promise<NftRun> =>
    withNamelessFile(places, JSON.stringify({ nftables: commands }), (file) =>
      runNft(process, [...flags, '-j', '-f', FILE_PATH], file),
    );
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
      const list = async (flag: string): Promise<string | null> => {
        const result = await runNft(process, [flag, 'list', 'table', family, name]);
        if (result.kind === 'ended') return result.stdout;
        if (result.kind === 'failed' && isAbsent(result.message)) return null;
        throw result.kind === 'timeout'
          ? new Failure('NFT_TIMEOUT', `nft did not list table ${family} ${name} in ${options.timeoutMs} ms`)
          : failed(`nft could not list table ${family} ${name}`, result.message);
      };
      const json = await list('-j');
      if (json === null) return null;
      // Terse: without the elements of sets.
      const text = family === 'netdev' ? await list('-t') : null;
      return text === null ? parseJson(json) : withDevices(parseJson(json), text);
    },
    async listAll(what) {
      const result = await runNft(process, ['-j', 'list', what]);
      if (result.kind === 'ended') return parseJson(result.stdout);
      throw failed(`nft could not list ${what}`, result.message);
    },
    check: async (commands) => await outcome(await send(['-c'], commands), commands, send, options.timeoutMs),
    commit: async (commands) => {
      const revision = options.revisions?.next() ?? null;
      const marks = revision === null ? [] : revisionCommands(revision);
      try {
        const run = await send([], [...commands, ...marks]);
        const result = await outcome(run, commands, send, options.timeoutMs);
        if (revision !== null && result.kind === 'committed') options.revisions?.onCommitted(revision);
        return result;
      } catch (error) {
        if (!(error instanceof Failure && error.code === 'NO_ROOM')) throw error;
        return { kind: 'refused', message: error.message, command: null };
      }
    },
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

/** One run of nft over these commands. */
type Send = (flags: readonly string[], commands: readonly NftCommand[]) => Promise<NftRun>;

async function outcome(
  run: NftRun,
  commands: readonly NftCommand[],
  send: Send,
  timeoutMs: number,
): Promise<CommitResult> {
  const { kind, message } = run;
  switch (kind) {
    case 'ended':
      return { kind: 'committed', milliseconds: run.milliseconds };
    case 'timeout':
    case 'killed':
      return { kind: 'uncertain', message };
    case 'failed':
      if (mayHaveCommitted(message)) return { kind: 'uncertain', message };
      if (isTooLarge(message)) {
        // A shorter beginning would fit whatever stands in it; only a command alone is to blame for its size.
        const command = commands.length === 1 ? 0 : null;
        return { kind: 'refused', message: tooLarge(commands.length, message), command, tooLarge: true };
      }
      if (isOfTheMachine(message)) return { kind: 'refused', message: withHint(message), command: null };
      return {
        kind: 'refused',
        message,
        ...(await culprit(commands, (some) => send(['-c'], some), timeoutMs)),
      };
  }
}

/** The answers did not fit the socket: the commit itself may be done (datapath 6.3). */
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
