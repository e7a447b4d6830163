import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { ProbeQuery, ProbeReport } from '../../src/channel/probe.ts';
import { LabClient } from '../../src/lab/control/client.ts';
import { findJoiner, joinCommand, joinEnvironment, joinScript } from '../../src/lab/launch/join.ts';
import {
  type SupervisorConfig,
  type SupervisorEvent,
  supervisorEventSchema,
} from '../../src/lab/supervisor/config.ts';
import { DIST, LAB_POD, POLICYD } from '../kit/built.ts';
import { FAR_MS } from '../kit/waiting.ts';

/** A supervisor in namespaces of its own, without the launcher: what is under test is the inside. */
export interface InsideLab {
  readonly directory: string;
  readonly client: LabClient;
  readonly events: readonly SupervisorEvent[];
  /** The exit status of the supervisor. */
  readonly ended: Promise<number>;
  api(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Runs a shell line in the lab's namespaces, the pid namespace included, with every capability over them. */
  sh(line: string): Promise<string>;
  /** Resolves with the first such event, also one that came already. */
  event<K extends SupervisorEvent['event']>(kind: K): Promise<Extract<SupervisorEvent, { event: K }>>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const ENVIRONMENT = { PATH: process.env.PATH ?? '' };
/** Past this a lab that has been told to end is killed. */
const END_MS = 60_000;

export async function startInside(
  manifests: readonly unknown[],
  more: Partial<SupervisorConfig> = {},
): Promise<InsideLab> {
  const directory = await mkdtemp(join(tmpdir(), 'inside-'));
  const file = join(directory, 'manifests.json');
  await writeFile(file, JSON.stringify(manifests));
  // Once: a script written anew for each command is empty for a moment to whoever runs it then.
  await writeFile(join(directory, 'join'), joinScript);
  const config: Partial<SupervisorConfig> = {
    name: 'inside',
    directory,
    manifests: [file],
    programs: { policyd: POLICYD, labPod: LAB_POD },
    readyTimeoutMs: FAR_MS,
    ...more,
  };
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps'];
  const inside = `mount -t tmpfs tmpfs /run && exec "$@"`;
  const supervisor = [process.execPath, join(DIST, 'lab-supervisor.js'), JSON.stringify(config)];
  const spaces = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--mount-proc'];
  const child = spawn(
    'setpriv',
    [
      '--pdeathsig',
      'KILL',
      'unshare',
      ...user,
      ...spaces,
      '--kill-child',
      'sh',
      '-c',
      inside,
      'sh',
      ...supervisor,
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] },
  );
  const channel = child.stdio[3] as Duplex;
  const events: SupervisorEvent[] = [];
  const listeners = new Set<() => void>();
  channel.on('error', () => undefined);
  createInterface({ input: channel }).on('line', (line) => {
    events.push(supervisorEventSchema.parse(JSON.parse(line)));
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? -1));
  });
  return {
    directory,
    client: new LabClient(join(directory, 'lab.sock')),
    events,
    ended,
    api: (method, path, body) => callApi(join(directory, 'api.sock'), method, path, body),
    sh: async (line) => {
      const init = await initOf(child);
      const where = { directory, init, userNamespace: user.length > 0, cwd: '/', forward: [] };
      const joiner = await findJoiner();
      const [file, ...args] = joinCommand(joiner, { ...where, argv: ['sh', '-c', line] });
      return (await run(file, args, { env: joinEnvironment(joiner, ENVIRONMENT) })).stdout;
    },
    event: (kind) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.find((event) => event.event === kind);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found as Extract<SupervisorEvent, { event: typeof kind }>);
        };
        listeners.add(look);
        look();
      }),
    stop: async () => {
      channel.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(timer);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The same, in sync for the first time: with its nodes, pods and policies. */
export async function startReady(
  manifests: readonly unknown[],
  more: Partial<SupervisorConfig> = {},
): Promise<InsideLab> {
  const lab = await startInside(manifests, more);
  const ended = lab.ended.then((status) => {
    throw new Error(`the lab ended with ${status}: ${JSON.stringify(lab.events.at(-1))}`);
  });
  await Promise.race([lab.event('ready'), ended]);
  ended.catch(() => undefined);
  return lab;
}

/** Until everybody has caught up with what the API server holds now. */
export async function synced({ client }: InsideLab): Promise<void> {
  expect(await client.sync(FAR_MS)).toMatchObject({ synced: true, waitingFor: [] });
}

/** Of a pod, IPv4 first: `shop/web`. None while it has no address. */
export async function addressesOf({ client }: InsideLab, path: string): Promise<readonly string[]> {
  const { pods } = await client.state();
  return pods.find(({ namespace: ns, name }) => `${ns}/${name}` === path)?.addresses ?? [];
}

/** Milliseconds for the first try, and for those after it: only a busy machine needs them. */
const PATIENCE_MS = [500, 2_000, 8_000, 30_000] as const;

/**
 * How a connection ends. Where nothing is expected to arrive the first silence counts; a silence that nobody
 * expects is tried again, longer each time, before it does.
 */
export async function dial(
  { client }: InsideLab,
  query: Omit<ProbeQuery, 'timeoutMs'>,
  expected: string,
): Promise<ProbeReport['outcome']> {
  for (const timeoutMs of PATIENCE_MS) {
    const { outcome } = await client.probe({ ...query, timeoutMs });
    if (outcome !== 'blocked' || expected === 'blocked') return outcome;
  }
  return 'blocked';
}

async function initOf(child: ChildProcess): Promise<number> {
  const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
  return Number.parseInt(children, 10);
}

function callApi(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, headers: { 'content-type': type } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export function namespace(name: string): unknown {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function pod(name: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: name } },
    spec: { containers: [{ name: 'main', image: 'none', ports: [{ containerPort: 8080 }] }], ...more },
  };
}
