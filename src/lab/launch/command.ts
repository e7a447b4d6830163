import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { Failure } from '../../model/failure.ts';
import { findJoiner, joinCommand, joinEnvironment } from './join.ts';

export interface LabCommandOptions {
  /** The lab's directory. */
  readonly directory: string;
  readonly init: number;
  readonly userNamespace: boolean;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A terminal sends these to the command itself, so passing them on would send them twice. */
const fromTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const alwaysPassed: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR2'];

/**
 * Runs a command in the lab's namespaces with this process's standard streams and terminal; resolves to its
 * exit status, 128 + n for signal n. This process stays in the command's process group and outlives its Ctrl-C.
 */
export async function runInLab(options: LabCommandOptions): Promise<number> {
  const forward = await passedSignals();
  const joiner = await findJoiner();
  const [file, ...args] = joinCommand(joiner, { ...options, forward });
  // The joiner goes to the directory once it is inside, where the same path may lead elsewhere.
  return await waitFor(file, args, { cwd: '/', env: joinEnvironment(joiner, options.env) }, forward);
}

/** The same for a process that is in the lab already. */
export async function runDirectly(options: Pick<LabCommandOptions, 'argv' | 'cwd' | 'env'>): Promise<number> {
  const [file, ...args] = options.argv;
  return await waitFor(
    file ?? 'sh',
    args,
    { cwd: options.cwd, env: { ...options.env } },
    await passedSignals(),
  );
}

async function waitFor(
  file: string,
  args: readonly string[],
  start: { readonly cwd: string; readonly env: Record<string, string> },
  forward: readonly NodeJS.Signals[],
): Promise<number> {
  let child: ChildProcess | null = null;
  // Before the command exists: it may ask for a signal with its first word.
  const listeners = [...alwaysPassed, ...fromTerminal].map((signal) => {
    const listener = (): void => {
      if (forward.includes(signal)) child?.kill(signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  try {
    const started = spawn(file, args, { ...start, stdio: 'inherit' });
    child = started;
    return await new Promise<number>((resolve, reject) => {
      started.once('error', (cause) =>
        reject(new Failure('LAB_FAILED', `cannot start ${file}: ${cause.message}`, { cause })),
      );
      started.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  }
}

async function passedSignals(): Promise<readonly NodeJS.Signals[]> {
  return (await hasTerminal()) ? alwaysPassed : [...alwaysPassed, ...fromTerminal];
}

/** Whether this process has a controlling terminal: field tty_nr of /proc/self/stat, after the name in brackets. */
async function hasTerminal(): Promise<boolean> {
  const text = await readFile('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[4] !== undefined && fields[4] !== '0';
}
