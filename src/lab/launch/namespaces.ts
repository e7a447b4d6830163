import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import type { Duplex } from 'node:stream';

/** The processes of one lab, as the machine sees them. */
export interface LabNamespaces {
  /** unshare, the parent of the lab's PID 1: killing it kills the lab. */
  readonly launcher: ChildProcess;
  /** The event channel. The supervisor ends the lab when this end of it closes. */
  readonly channel: Duplex;
  /** How the launcher ended; never rejects. */
  readonly ended: Promise<LauncherEnd>;
}

export type LauncherEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'not-started'; readonly error: Error };

export interface NamespaceOptions {
  /** An ordinary user needs a user namespace of its own; root does without, which lifts nft's batch limit. */
  readonly userNamespace: boolean;
  /** The file that holds `initScript`. */
  readonly init: string;
  /** An empty directory for the tmpfs that becomes /run. */
  readonly scratch: string;
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor for what the lab says on standard output and standard error. */
  readonly log: number;
}

function namespaceArguments(options: NamespaceOptions): readonly string[] {
  return [
    // The kernel kills unshare when policyctl dies, however it dies; unshare's death kills PID 1 and so the lab.
    ...['--pdeathsig', 'KILL', 'unshare', '--fork', '--kill-child'],
    // The caller keeps its identity and gets every capability over the lab's own namespaces.
    ...(options.userNamespace ? ['--user', '--map-current-user', '--keep-caps'] : []),
    ...['--mount', '--propagation', 'private', '--net', '--pid', '--mount-proc'],
    ...['sh', options.init, options.scratch, ...options.program],
  ];
}

/**
 * Starts `program` in new namespaces and in a session of its own: Ctrl-C at the caller's terminal is for the
 * caller's command, not for the lab.
 */
export function enterNewNamespaces(options: NamespaceOptions): LabNamespaces {
  const launcher = spawn('setpriv', namespaceArguments(options), {
    cwd: '/',
    env: options.env,
    detached: true,
    stdio: ['ignore', options.log, options.log, 'pipe'],
  });
  const channel = launcher.stdio[3] as Duplex;
  channel.on('error', () => {});
  const ended = new Promise<LauncherEnd>((resolve) => {
    launcher.once('error', (error) => resolve({ kind: 'not-started', error }));
    launcher.once('exit', (code, signal) =>
      resolve(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal }),
    );
  });
  return { launcher, channel, ended };
}

/** The machine's number of the lab's PID 1, or null when unshare has no such child. */
export async function initProcess(launcherPid: number): Promise<number | null> {
  const path = `/proc/${launcherPid}/task/${launcherPid}/children`;
  const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  if (!Number.isInteger(pid)) return null;
  const [own, other] = await Promise.all([pidNamespace('self'), pidNamespace(pid)]);
  return other !== null && other !== own ? pid : null;
}

/** The identity of a process's PID namespace; null when the process is gone or not ours to look at. */
export async function pidNamespace(pid: number | 'self'): Promise<string | null> {
  return await readlink(`/proc/${pid}/ns/pid`).catch(() => null);
}

/** Set in the flags of a process that is on its way out. */
const exiting = 0x4;

/**
 * Whether a lab's PID 1 is gone or going. The kernel kills everything else in the lab from within its exit: who
 * asks after such a death is never too early.
 */
export async function isEnding(init: number): Promise<boolean> {
  const text = await readFile(`/proc/${init}/stat`, 'utf8').catch(() => null);
  if (text === null) return true;
  // Fields 3 and 9, counted after the name in brackets.
  const [state = '', , , , , , flags = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' || (Number(flags) & exiting) !== 0;
}
