/**
 * What each `policyctl lab` command does, from parsed arguments to an exit status. Progress goes to standard
 * error; standard output and input belong to the command that runs in the lab.
 */

import { realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { largest } from '../../model/largest.ts';
import { printable } from '../../model/printable.ts';
import type { Topology } from '../network/topology.ts';
import type { IpFamily } from '../supervisor/config.ts';
import { ensureTools } from '../tools/ensure.ts';
import { runDirectly, runInLab } from './command.ts';
import { labsRoot, liveLabs } from './directory.ts';
import { commandEnvironment } from './environment.ts';
import { findLab } from './find.ts';
import { readLabManifests } from './manifests.ts';
import { isEnding } from './namespaces.ts';
import { type Progress, stderrProgress } from './progress.ts';
import { parseListenAddress } from './proxy.ts';
import { type RunningLab, startLab } from './start.ts';
import { readState } from './state.ts';

/** The options of `lab run` and `lab up`. */
export interface StartFlags {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly nodes: number;
  readonly topology: Topology;
  readonly ipFamily: IpFamily;
  readonly log?: string;
  readonly listen?: string;
  readonly name?: string;
  readonly quiet?: boolean;
}

const readyTimeoutMs = 120_000;
const killedStatus = 137;
const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `lab run`: the command's status. */
export async function runCommand(flags: StartFlags, command: readonly string[]): Promise<number> {
  return await withLab(flags, command, async (lab, progress) => {
    if (lab.outside !== null) {
      progress.step(`API server at ${lab.outside.url}: export KUBECONFIG=${lab.outside.kubeconfig}`);
    }
    const status = await runInLab({
      directory: lab.directory,
      init: lab.init,
      userNamespace: lab.state.userNamespace,
      argv: command,
      cwd: process.cwd(),
      env: commandEnvironment(process.env, lab.state),
    });
    // When the lab dies it takes the command with it: that is the lab's failure and not the command's status.
    if (status === killedStatus && (await isEnding(lab.init))) throw await lab.failed;
    return status;
  });
}

/** `lab up`: stays until interrupted, which is its proper end. */
export async function stayUp(flags: StartFlags): Promise<number> {
  return await withLab(flags, null, async (lab, progress, interrupted) => {
    const several = (await liveLabs()).length > 1 || flags.name !== undefined;
    process.stdout.write(usage(lab, several));
    const failure = await Promise.race([lab.failed, interrupted]);
    if (failure !== undefined) throw failure;
    progress.step('ending');
    return 0;
  });
}

function usage(lab: RunningLab, several: boolean): string {
  const { name, nodes } = lab.state;
  const which = several ? ` --name ${name}` : '';
  const lines = [
    `${name} is ready with ${nodes === 1 ? '1 node' : `${nodes} nodes`}; Ctrl-C ends it. From another terminal:`,
    `  policyctl lab shell${which}`,
    `  policyctl lab exec${which} -- kubectl get pods -A -o wide`,
  ];
  if (lab.outside !== null) {
    lines.push(`API server at ${lab.outside.url}:`, `  export KUBECONFIG=${lab.outside.kubeconfig}`);
  }
  return `${lines.join('\n')}\n`;
}

/** `lab exec` and `lab shell`: the command's status. */
export async function joinLab(name: string | null, command: readonly string[]): Promise<number> {
  const lab = await findLab(name, process.env);
  const env = commandEnvironment(process.env, lab.state);
  const request = { argv: command, cwd: process.cwd(), env };
  if (lab.kind === 'inside') return await runDirectly(request);
  const { init, state } = lab;
  const directory = join(labsRoot(), state.name);
  const status = await runInLab({ ...request, directory, init, userNamespace: state.userNamespace });
  if (status === killedStatus && (await isEnding(init))) {
    process.stderr.write(`lab: ${state.name} has ended\n`);
  }
  return status;
}

/** `lab list`: one line a lab. */
export async function listLabs(): Promise<number> {
  const root = labsRoot();
  const rows = [['NAME', 'STATE', 'NODES', 'SINCE', 'COMMAND']];
  for (const name of await liveLabs(root)) {
    const state = await readState(join(root, name));
    if (state === null) continue;
    const readiness = state.env === null ? 'starting' : 'ready';
    rows.push([
      name,
      readiness,
      String(state.nodes),
      state.since,
      state.command === null ? '(up)' : oneLine(state.command),
    ]);
  }
  if (rows.length === 1) {
    process.stderr.write('no lab of yours is running\n');
    return 0;
  }
  const widths = rows[0]?.map((_, column) => largest(rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`${lines.join('\n')}\n`);
  return 0;
}

/** A script of many lines stays one row. */
function oneLine(command: readonly string[]): string {
  const text = printable(command.join(' '));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** `lab tools`: the directories to put in front of PATH, one a line. */
export async function printTools(): Promise<number> {
  const progress = stderrProgress(process.stderr, false);
  const { directories } = await ensureTools({ progress, environment: process.env, want: 'everything' });
  process.stdout.write(directories.map((directory) => `${directory}\n`).join(''));
  return 0;
}

/** Runs `use` in a new lab and ends the lab afterwards, whatever happens. */
async function withLab(
  flags: StartFlags,
  command: readonly string[] | null,
  use: (lab: RunningLab, progress: Progress, interrupted: Promise<undefined>) => Promise<number>,
): Promise<number> {
  const progress = stderrProgress(process.stderr, flags.quiet === true);
  const interruption = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => interruption.abort(signal);
  for (const signal of interrupts) process.on(signal, interrupt);
  let starting = true;
  try {
    const listen = flags.listen === undefined ? null : parseListenAddress(flags.listen);
    const manifests = await readLabManifests(flags.filename ?? [], flags.recursive === true, progress);
    const tools = await ensureTools({ progress, environment: process.env, want: 'required' });
    const lab = await startLab(
      {
        name: flags.name ?? null,
        manifests,
        nodes: flags.nodes,
        topology: flags.topology,
        ipFamily: flags.ipFamily,
        logDirectory: flags.log === undefined ? null : resolve(flags.log),
        listen,
        command,
        programs: dirname(realpathSync(process.argv[1] ?? '')),
        tools,
        progress,
        readyTimeoutMs,
      },
      interruption.signal,
    );
    starting = false;
    try {
      const interrupted = new Promise<undefined>((resolveInterrupted) => {
        interruption.signal.addEventListener('abort', () => resolveInterrupted(undefined), { once: true });
      });
      return await use(lab, progress, interrupted);
    } finally {
      await lab.stop();
    }
  } catch (error) {
    if (!starting || !interruption.signal.aborted) throw error;
    progress.step('interrupted before it was ready');
    return 128 + constants.signals[interruption.signal.reason as NodeJS.Signals];
  } finally {
    for (const signal of interrupts) process.off(signal, interrupt);
  }
}
