/** Runs dist/policyd.js inside a sandbox and talks to it as an operator would. */
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import { type ReadStatus, statusSchema } from '../../src/status/schema.ts';
import { SERVER } from './agent-cluster.ts';
import type { Sandbox } from './sandbox.ts';

export const PROGRAM: string = new URL(
  `${process.env.POLICYD_DIST ?? '../../dist'}/policyd.js`,
  import.meta.url,
).pathname;

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

  static async start(
    sandbox: Sandbox,
    options: {
      args?: readonly string[];
      env?: Readonly<Record<string, string>>;
      kubeconfig?: string;
    } = {},
  ): Promise<AgentProcess> {
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
      const call = request({ socketPath: this.#socket, path, timeout: 5_000 }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
      });
      call.on('error', reject);
      call.end();
    });
  }

  async status(): Promise<ReadStatus> {
    return statusSchema.parse(JSON.parse((await this.get('/status')).text));
  }

  /** Until the condition holds; throws with what was last seen after 20 s. */
  async until(condition: (status: ReadStatus) => boolean): Promise<ReadStatus> {
    let last: unknown = null;
    const end = performance.now() + 20_000;
    while (performance.now() < end) {
      try {
        const status = await this.status();
        if (condition(status)) return status;
        last = status;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`policyd never got there: ${JSON.stringify(last)} ${String(last)}\n${this.#stderr}`);
  }

  /** Stands still during `use`: the program itself, not what started it. */
  async pause(use: () => Promise<void>): Promise<void> {
    const pid = this.log().find(({ msg }) => msg === 'policyd starts')?.pid;
    process.kill(Number(pid), 'SIGSTOP');
    try {
      await use();
    } finally {
      process.kill(Number(pid), 'SIGCONT');
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
  return launch('nsenter', [...sandbox.enter, process.execPath, PROGRAM, ...args], env);
}

function launch(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  return execa(file, args, { buffer: false, reject: false, stdin: 'ignore', timeout: 100_000, env });
}

/** Everything any program writes into the rulesets of the sandbox from now on; ends with the sandbox. */
export async function watchWrites(sandbox: Sandbox): Promise<() => string> {
  let seen = '';
  const monitor = execa('nsenter', [...sandbox.enter, 'nft', 'monitor'], {
    buffer: false,
    reject: false,
    stdin: 'ignore',
    timeout: 60_000,
  });
  monitor.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  // It is ready when it sees a write of our own.
  const end = performance.now() + 10_000;
  while (!seen.includes('probe') && performance.now() < end) {
    await sandbox.run('nft', ['add table ip probe; delete table ip probe']);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  seen = '';
  return () => seen;
}
