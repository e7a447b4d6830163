import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../model/failure.ts';
import type { Topology } from '../network/topology.ts';
import type { IpFamily, SupervisorConfigInput } from '../supervisor/config.ts';
import type { ToolSet } from '../tools/tool.ts';
import { listenToSupervisor, type SupervisorTalk } from './channel.ts';
import { namespaceFailure } from './diagnosis.ts';
import { claimDirectory, type LabDirectory } from './directory.ts';
import { commandEnvironment } from './environment.ts';
import { initScript } from './init.ts';
import { joinScript } from './join.ts';
import { type LabManifests, writeLabManifests } from './manifests.ts';
import { enterNewNamespaces, initProcess, type LabNamespaces, pidNamespace } from './namespaces.ts';
import { mayMakeNamespaces } from './privileges.ts';
import type { Progress } from './progress.ts';
import { hostKubeconfig, type ListenAddress, listenForApi } from './proxy.ts';
import { type LabState, writeState } from './state.ts';

export interface LabOptions {
  readonly name: string | null;
  readonly manifests: LabManifests;
  readonly nodes: number;
  readonly topology: Topology;
  readonly ipFamily: IpFamily;
  readonly logDirectory: string | null;
  readonly listen: ListenAddress | null;
  /** Told to others who look; it is not run here. */
  readonly command: readonly string[] | null;
  /** Where the bundled programs are. */
  readonly programs: string;
  readonly tools: ToolSet;
  readonly progress: Progress;
  readonly readyTimeoutMs: number;
}

/** A lab in which everything is in sync. */
export interface RunningLab {
  readonly directory: string;
  readonly state: LabState;
  readonly init: number;
  /** Variables for commands in the lab, PATH left out. */
  readonly env: Readonly<Record<string, string>>;
  /** With --listen: a kubeconfig for the machine outside. */
  readonly outside: { readonly url: string; readonly kubeconfig: string } | null;
  /** Resolves when the lab ends without having been stopped. */
  readonly failed: Promise<Failure>;
  /** Ends everything and removes the directory. Nothing of the lab is left when it resolves. */
  stop(): Promise<void>;
}

const stopPatienceMs = 5_000;
const reportGraceMs = 15_000;

/** Starts a lab and waits until it is ready. On failure, or when `signal` aborts, nothing is left of it. */
export async function startLab(options: LabOptions, signal: AbortSignal): Promise<RunningLab> {
  const directory = await claimDirectory(options.name);
  const cleanups: (() => Promise<void>)[] = [directory.release];
  const stop = async (): Promise<void> => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return await startIn(directory, options, signal, cleanups, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startIn(
  directory: LabDirectory,
  options: LabOptions,
  signal: AbortSignal,
  cleanups: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<RunningLab> {
  const { path } = directory;
  const userNamespace = !(await mayMakeNamespaces());
  const starting: LabState = {
    name: directory.name,
    owner: process.pid,
    init: null,
    pidNamespace: (await pidNamespace('self')) ?? '',
    userNamespace,
    nodes: options.nodes,
    since: new Date().toISOString(),
    command: options.command,
    env: null,
    path: labPath(options),
  };
  await writeState(path, starting);
  await writeScript(path, 'join', joinScript);
  const config = await supervisorConfig(directory, options);
  const logPath = join(options.logDirectory ?? path, 'supervisor.log');
  const log = await open(logPath, 'w', 0o600);
  const namespaces = enterNewNamespaces({
    userNamespace,
    init: await writeScript(path, 'init', initScript),
    scratch: await emptyDirectory(path, 'run'),
    program: [process.execPath, join(options.programs, 'lab-supervisor.js'), JSON.stringify(config)],
    env: commandEnvironment(process.env, starting),
    log: log.fd,
  });
  // At once: what a lab said that has ended by then would be thrown away.
  const talk = listenToSupervisor(namespaces.channel, options.progress);
  await log.close();
  let stopping = false;
  cleanups.push(async () => {
    stopping = true;
    await endNamespaces(namespaces);
  });
  const failed = namespaces.ended.then(
    async () => await explainEnd(namespaces, talk, userNamespace, logPath),
  );
  const ready = await firstOf(talk.ready, failed, options.readyTimeoutMs + reportGraceMs, signal);
  const init = await initProcess(namespaces.launcher.pid ?? 0);
  if (init === null) throw await failed;
  const { PATH: _, ...env } = ready;
  const state: LabState = { ...starting, init, env };
  await writeState(path, state);
  const outside = options.listen === null ? null : await openOutside(directory, options.listen, cleanups);
  const unexpected = new Promise<Failure>((resolve) => {
    void failed.then((failure) => {
      if (!stopping) resolve(failure);
    });
  });
  return { directory: path, state, init, env, outside, failed: unexpected, stop };
}

async function supervisorConfig(
  directory: LabDirectory,
  options: LabOptions,
): Promise<SupervisorConfigInput> {
  const manifests = await writeLabManifests(directory.path, options.manifests);
  if (options.logDirectory !== null) await mkdir(options.logDirectory, { recursive: true });
  return {
    name: directory.name,
    directory: directory.path,
    nodes: options.nodes,
    topology: options.topology,
    ipFamily: options.ipFamily,
    manifests: manifests === null ? [] : [manifests],
    logDirectory: options.logDirectory,
    programs: { policyd: join(options.programs, 'policyd.js'), labPod: join(options.programs, 'lab-pod.js') },
    tools: labPath(options),
    apiPortSocket: options.listen === null ? null : apiSocket(directory),
    readyTimeoutMs: options.readyTimeoutMs,
  };
}

function labPath(options: LabOptions): readonly string[] {
  return [join(options.programs, 'bin'), ...options.tools.directories];
}

function apiSocket(directory: LabDirectory): string {
  return join(directory.path, 'outside.sock');
}

async function openOutside(
  directory: LabDirectory,
  listen: ListenAddress,
  cleanups: (() => Promise<void>)[],
): Promise<{ readonly url: string; readonly kubeconfig: string }> {
  const proxy = await listenForApi(listen, apiSocket(directory));
  cleanups.push(proxy.close);
  const kubeconfig = join(directory.path, 'kubeconfig-outside');
  await writeFile(kubeconfig, hostKubeconfig(directory.name, proxy.url), { mode: 0o600 });
  return { url: proxy.url, kubeconfig };
}

/** Scripts are files, so that a list of processes stays readable. */
async function writeScript(directory: string, name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

async function emptyDirectory(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  return path;
}

async function firstOf<T>(
  ready: Promise<T>,
  failed: Promise<Failure>,
  ms: number,
  signal: AbortSignal,
): Promise<T> {
  if (signal.aborted) throw new Failure('LAB_FAILED', 'interrupted');
  const done = new AbortController();
  const never = AbortSignal.any([signal, done.signal]);
  try {
    return await Promise.race([
      ready,
      failed.then((failure) => {
        throw failure;
      }),
      delay(ms, undefined, { signal: done.signal }).then(() => {
        throw new Failure('LAB_FAILED', `the lab was not ready after ${Math.round(ms / 1_000)} s`);
      }),
      once(never, 'abort').then(() => {
        throw new Failure('LAB_FAILED', 'interrupted');
      }),
    ]);
  } finally {
    done.abort();
  }
}

/** First politely, so that logs are complete; then by killing PID 1's parent, which the kernel passes on. */
async function endNamespaces({ launcher, channel, ended }: LabNamespaces): Promise<void> {
  channel.end();
  const init = launcher.pid === undefined ? null : await initProcess(launcher.pid);
  if (init !== null) {
    try {
      process.kill(init, 'SIGTERM');
    } catch {
      // It ended in between.
    }
  }
  const patience = new AbortController();
  const timeout = delay(stopPatienceMs, undefined, { signal: patience.signal }).catch(() => undefined);
  await Promise.race([ended, timeout]);
  patience.abort();
  launcher.kill('SIGKILL');
  await ended;
  channel.destroy();
}

async function explainEnd(
  { ended }: LabNamespaces,
  talk: SupervisorTalk,
  userNamespace: boolean,
  logPath: string,
): Promise<Failure> {
  const end = await ended;
  if (end.kind === 'not-started') {
    return new Failure('TOOL_MISSING', `cannot start setpriv: ${end.error.message}`, {
      hint: 'setpriv and unshare are in util-linux: sudo apt-get install util-linux',
      cause: end.error,
    });
  }
  const said = (await readFile(logPath, 'utf8').catch(() => '')).trim().split('\n').slice(-20).join('\n');
  // What PID 1 or the supervisor wrote last may still be on its way through the channel.
  await talk.over;
  if (!talk.spoke()) return await namespaceFailure({ userNamespace, said });
  const reported = talk.failure();
  if (reported !== null) return reported;
  const how = end.kind === 'killed' ? `was killed by ${end.signal}` : `ended with status ${end.code}`;
  const quoted = said === '' ? '' : `; it said last:\n${said}`;
  return new Failure('LAB_FAILED', `the lab ${how}${quoted}`);
}
