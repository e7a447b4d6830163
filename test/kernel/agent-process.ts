/** Runs dist/policyd.js inside a sandbox and talks to it as an operator would. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import { type ReadStatus, statusSchema } from '../../src/status/schema.ts';
import { POLICYD } from '../kit/built.ts';
import type { Sandbox } from '../kit/sandbox.ts';
import { eventually, untilSeen } from '../kit/waiting.ts';
import { SERVER } from './agent-cluster.ts';

/** Ends an agent that a killed test has left. */
const LIFETIME_MS = 3_600_000;
/** After which a question is asked again. */
const ANSWER_MS = 30_000;

export interface AgentOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly kubeconfig?: string;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export class AgentProcess {
  readonly #child: ReturnType<typeof start>;
  readonly #socket: string;
  #stderr = '';

  private constructor(child: ReturnType<typeof start>, socket: string) {
    this.#child = child;
    this.#socket = socket;
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
  }

  static async start(sandbox: Sandbox, options: AgentOptions = {}): Promise<AgentProcess> {
    const kubeconfig = join(sandbox.directory, 'kubeconfig');
    await writeFile(kubeconfig, options.kubeconfig ?? KUBECONFIG);
    const socket = join(sandbox.directory, 'health.sock');
    const args = ['--node', 'node-a', '--kubeconfig', kubeconfig, '--health', `unix:${socket}`];
    const child = start(
      sandbox,
      [...args, '--log-level', 'debug', ...(options.args ?? [])],
      options.env ?? {},
    );
    return new AgentProcess(child, socket);
  }

  get stderr(): string {
    return this.#stderr;
  }

  log(): readonly LogLine[] {
    return this.#stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): LogLine => JSON.parse(line));
  }

  commits(): readonly LogLine[] {
    return this.log().filter(({ msg }) => msg === 'committed');
  }

  /** Waits until the kernel holds what the cluster was at this version. */
  async inSync(version: string | number): Promise<void> {
    await this.until(
      ({ inSync, resourceVersions }) =>
        inSync && Object.values(resourceVersions).some((seen) => BigInt(seen) >= BigInt(version)),
    );
  }

  async get(path: string): Promise<{ code: number; text: string }> {
    return await new Promise((resolve, reject) => {
      const call = request({ socketPath: this.#socket, path, timeout: ANSWER_MS }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
      });
      call.on('timeout', () => call.destroy(new Error('no answer')));
      call.on('error', reject);
      call.end();
    });
  }

  async status(): Promise<ReadStatus> {
    const { text } = await this.get('/status');
    // What it had logged before it answered is read as well.
    await new Promise((resolve) => setImmediate(resolve));
    return statusSchema.parse(JSON.parse(text));
  }

  /** The first status of which the condition holds; a failure quotes the last one, and the log. */
  async until(condition: (status: ReadStatus) => boolean): Promise<ReadStatus> {
    try {
      return await untilSeen('a status of policyd', () => this.status(), condition);
    } catch (cause) {
      throw new Error(`${String(cause)}\n${this.#stderr}`, { cause });
    }
  }

  /** Of the program itself, not of what started it; NaN: it has not said so yet. */
  get pid(): number {
    return Number(this.log().find(({ msg }) => msg === 'policyd starts')?.pid);
  }

  /** Stands still during `use`. */
  async pause(use: () => Promise<void>): Promise<void> {
    const { pid } = this;
    process.kill(pid, 'SIGSTOP');
    try {
      await use();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  async end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | undefined> {
    this.#child.kill(signal);
    return (await this.#child).exitCode;
  }

  /** How it ended by itself. */
  async exit(): Promise<number | undefined> {
    return (await this.#child).exitCode;
  }
}

const KUBECONFIG = `
apiVersion: v1
kind: Config
clusters: [{ name: test, cluster: { server: '${SERVER}' } }]
users: [{ name: test, user: {} }]
contexts: [{ name: test, context: { cluster: test, user: test } }]
current-context: test
`;

function start(
  sandbox: Sandbox,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ReturnType<typeof launch> {
  return launch('nsenter', [...sandbox.enter, process.execPath, POLICYD, ...args], env);
}

function launch(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return execa(file, args, { buffer: false, reject: false, stdin: 'ignore', timeout: LIFETIME_MS, env });
}

/**
 * Everything any program writes into the rulesets of the sandbox from now on, up to the moment of asking; ends
 * with the sandbox.
 */
export async function watchWrites(sandbox: Sandbox): Promise<() => Promise<string>> {
  let seen = '';
  const monitor = execa('nsenter', [...sandbox.enter, 'nft', 'monitor'], {
    buffer: false,
    reject: false,
    stdin: 'ignore',
    timeout: LIFETIME_MS,
  });
  monitor.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  let marks = 0;
  /** What was seen before a write of our own, when that has been seen as well. */
  const mark = async (): Promise<string> => {
    marks += 1;
    const name = `mark${marks}`;
    await eventually('nft monitor shows a write of our own', async () => {
      // More than once for the first: the monitor may not listen yet.
      await sandbox.run('nft', [`add table ip ${name}; delete table ip ${name}`]);
      return seen.includes(`delete table ip ${name}`);
    });
    const [before = ''] = seen.split(`add table ip ${name}`);
    return before;
  };
  await mark();
  seen = '';
  return async () => {
    const lines = (await mark()).split('\n');
    return lines
      .filter((line) => !/^# new generation|table ip mark\d/.test(line))
      .join('\n')
      .trim();
  };
}
