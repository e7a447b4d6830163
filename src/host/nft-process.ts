/**
 * One run of nft: what came out, and whether it can have changed anything. Plain `spawn`: what wraps it costs
 * more than a small commit on a busy machine (docs/performance.md).
 */
import { type ChildProcess, spawn } from 'node:child_process';
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

/** Where a program finds `file`, the fourth thing it is handed. */
export const FILE_PATH = '/dev/fd/3';

/** Throws NFT_MISSING only. `file` is an open file that nft may read as FILE_PATH. */
export async function runNft(process: NftProcess, args: readonly string[], file?: number): Promise<NftRun> {
  const start = performance.now();
  const child = spawn(process.binary, args, {
    stdio: ['ignore', 'pipe', 'pipe', file ?? 'ignore'],
    // Messages are matched by their text.
    env: { ...globalThis.process.env, LC_ALL: 'C' },
  });
  const end = await ended(child, process.timeoutMs);
  if ('error' in end) {
    if (isMissing(end.error)) throw missing(process.binary, end.error);
    return { kind: 'killed', stdout: '', message: shorten(end.error.message), milliseconds: 0 };
  }
  const run = { stdout: end.stdout, milliseconds: performance.now() - start };
  if (end.why === 'slow') return { kind: 'timeout', message: `no answer in ${process.timeoutMs} ms`, ...run };
  if (end.why === 'loud')
    return { kind: 'killed', message: `nft printed more than ${MAX_OUTPUT} bytes`, ...run };
  if (end.code === 0) return { kind: 'ended', message: '', ...run };
  const words = end.stderr.trim();
  if (end.code !== null) return { kind: 'failed', message: shorten(words || 'no message'), ...run };
  const how = `nft was killed with ${end.signal ?? 'an unknown signal'}`;
  return { kind: 'killed', message: shorten(words === '' ? how : `${how}: ${words}`), ...run };
}

type End =
  | { readonly error: NodeJS.ErrnoException }
  | {
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly stdout: string;
      readonly stderr: string;
      /** What we killed it for. */
      readonly why: 'slow' | 'loud' | null;
    };

async function ended(child: ChildProcess, timeoutMs: number): Promise<End> {
  return await new Promise((resolve) => {
    let why: 'slow' | 'loud' | null = null;
    const kill = (reason: typeof why): void => {
      why ??= reason;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => kill('slow'), timeoutMs);
    const tooLoud = (): void => kill('loud');
    const stdout = collect(child.stdout, tooLoud);
    const stderr = collect(child.stderr, tooLoud);
    // Nobody would hear the answer of one that outlives us.
    const orphan = (): void => kill(null);
    globalThis.process.once('exit', orphan);
    const settle = (end: End): void => {
      clearTimeout(timer);
      globalThis.process.removeListener('exit', orphan);
      resolve(end);
    };
    child.on('error', (error) => settle({ error }));
    child.on('close', (code, signal) => settle({ code, signal, stdout: stdout(), stderr: stderr(), why }));
  });
}

/** The text so far. Past the limit nothing more is kept. */
function collect(stream: ChildProcess['stdout'], tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_OUTPUT) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function isMissing({ code }: NodeJS.ErrnoException): boolean {
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
