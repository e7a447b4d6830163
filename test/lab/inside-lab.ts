import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { LabClient } from '../../src/lab/control/client.ts';
import { findJoiner, joinCommand, joinEnvironment, joinScript } from '../../src/lab/launch/join.ts';
import {
  type SupervisorConfig,
  type SupervisorEvent,
  supervisorEventSchema,
} from '../../src/lab/supervisor/config.ts';

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
const root = new URL('../../', import.meta.url).pathname;

/** Bundles the programs once for all tests of a file. */
export async function buildPrograms(): Promise<string> {
  const dist = await mkdtemp(join(tmpdir(), 'inside-dist-'));
  await run(process.execPath, [join(root, 'deploy/build.mjs')], {
    env: { ...process.env, POLICYD_DIST: dist },
  });
  return dist;
}

export async function startInside(
  dist: string,
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
    programs: { policyd: join(dist, 'policyd.js'), labPod: join(dist, 'lab-pod.js') },
    readyTimeoutMs: 60_000,
    ...more,
  };
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps'];
  const inside = `mount -t tmpfs tmpfs /run && exec "$@"`;
  const supervisor = [process.execPath, join(dist, 'lab-supervisor.js'), JSON.stringify(config)];
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
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
      await rm(directory, { recursive: true, force: true });
    },
  };
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
