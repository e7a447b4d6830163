/** One run of nft: what came out, and whether it can have changed anything. */
import { ExecaError, execa } from 'execa';
import { Failure } from '../model/failure.ts';

export interface NftProcess {
  readonly binary: string;
  readonly timeoutMs: number;
}

export interface NftRun {
  /** `timeout` and `killed`: it ended before it could say how far it came. */
  readonly kind: 'ended' | 'failed' | 'timeout' | 'killed';
  readonly stdout: string;
  /** Its words on standard error, shortened; empty when it succeeded. */
  readonly message: string;
  readonly milliseconds: number;
}

/** A listing of 100,000 elements is about 10 MB. */
const MAX_OUTPUT = 256 * 1024 * 1024;
const MAX_MESSAGE = 2000;

/** Throws NFT_MISSING only. */
export async function runNft(process: NftProcess, args: readonly string[]): Promise<NftRun> {
  const result = await execa(process.binary, args, {
    timeout: process.timeoutMs,
    killSignal: 'SIGKILL',
    stdin: 'ignore',
    maxBuffer: MAX_OUTPUT,
    reject: false,
    // Messages are matched by their text.
    env: { LC_ALL: 'C' },
  });
  const run = { stdout: result.stdout, milliseconds: result.durationMs };
  if (!result.failed) return { kind: 'ended', message: '', ...run };
  const words = result.stderr.trim();
  if (result.timedOut) return { kind: 'timeout', message: `no answer in ${process.timeoutMs} ms`, ...run };
  if (result.exitCode !== undefined)
    return { kind: 'failed', message: shorten(words || 'no message'), ...run };
  if (result instanceof ExecaError && isMissing(result)) throw missing(process.binary, result);
  return {
    kind: 'killed',
    message: shorten(words || (result.shortMessage ?? 'ended without a status')),
    ...run,
  };
}

function isMissing(error: ExecaError): boolean {
  return error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR';
}

function missing(binary: string, cause: unknown): Failure {
  return new Failure('NFT_MISSING', `cannot run ${binary}: the nftables program is not there`, {
    hint: 'Install it: apt-get install nftables (Debian, Ubuntu), dnf install nftables (Fedora), apk add nftables (Alpine).',
    cause,
  });
}

function shorten(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)} ...`;
}
