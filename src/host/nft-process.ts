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

/** Characters; a listing of 100,000 elements has about 10 million. */
const LONGEST_LISTING = 64 * 1024 * 1024;
/** To a transaction nft says nothing, or what is wrong. */
const LONGEST_ANSWER = 1024 * 1024;
const MAX_MESSAGE = 2000;

/** Where a program finds `file`: a pipe would not do there, nft before 1.1 fails to open one by this name. */
export const FILE_PATH = '/dev/stdin';

/** Throws NFT_MISSING only. `file` is an open file that nft may read as FILE_PATH. */
export async function runNft(process: NftProcess, args: readonly string[], file?: number): Promise<NftRun> {
  const maxBuffer = file === undefined ? LONGEST_LISTING : LONGEST_ANSWER;
  const result = await execa(process.binary, args, {
    timeout: process.timeoutMs,
    killSignal: 'SIGKILL',
    // A signal that ends policyd does not end a commit in its middle.
    cleanup: false,
    // execa takes any descriptor; its types name only the first few.
    stdin: (file ?? 'ignore') as 'ignore' | 3,
    maxBuffer,
    reject: false,
    // Messages are matched by their text.
    env: { LC_ALL: 'C' },
  });
  const { stdout } = result;
  const run = { stdout, milliseconds: result.durationMs };
  if (!result.failed) return { kind: 'ended', message: '', ...run };
  const words = result.stderr.trim();
  if (result.timedOut) return { kind: 'timeout', message: `no answer in ${process.timeoutMs} ms`, ...run };
  if (result.isMaxBuffer)
    return { kind: 'killed', message: `nft printed more than ${maxBuffer} characters`, ...run };
  if (result.exitCode !== undefined)
    return { kind: 'failed', message: shorten(words || 'no message'), ...run };
  if (result instanceof ExecaError && isMissing(result)) throw missing(process.binary, result);
  const how =
    result.signal === undefined
      ? (result.shortMessage ?? 'no status')
      : `nft was killed with ${result.signal}`;
  return { kind: 'killed', message: shorten(words === '' ? how : `${how}: ${words}`), ...run };
}

function isMissing({ code }: ExecaError): boolean {
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR';
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
