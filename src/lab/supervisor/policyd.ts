import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type ReadStatus, statusSchema } from '../../status/schema.ts';
import type { Report } from './report.ts';

export interface PolicydSettings {
  readonly node: string;
  readonly program: string;
  readonly kubeconfig: string;
  /** Unix socket of its health endpoint. */
  readonly socket: string;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor of `logFile`, open for appending. */
  readonly log: number;
  readonly report: Report;
}

const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 10_000;
/** One that lasted this long starts over with the first delay. */
const GOOD_RUN_MS = 30_000;
const STATUS_TIMEOUT_MS = 5_000;

/** The real policyd of one node, in its network namespace, kept running. */
export class PolicydProcess {
  readonly #settings: PolicydSettings;
  #pid: number | null = null;
  #restarts = 0;
  #delayMs = FIRST_RESTART_MS;
  #lastEnd: string | null = null;

  constructor(settings: PolicydSettings) {
    this.#settings = settings;
  }

  get pid(): number | null {
    return this.#pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** How the last one ended, and whether another has begun; null once this one has answered. */
  get trouble(): string | null {
    if (this.#lastEnd === null || this.#pid === null) return this.#lastEnd;
    return `${this.#lastEnd}; the next one does not answer yet`;
  }

  start(): void {
    const { node, program, kubeconfig, socket, env, log } = this.#settings;
    const command = [
      ...[process.execPath, program, '--node', node, '--kubeconfig', kubeconfig],
      ...['--health', `unix:${socket}`, '--log-format', 'json'],
    ];
    const began = performance.now();
    const child = spawn('ip', ['netns', 'exec', node, ...command], {
      env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    this.#pid = child.pid ?? null;
    child.once('error', (error) => this.#ended(`could not start: ${error.message}`, began));
    child.once('exit', (code, signal) =>
      this.#ended(signal === null ? `exited with ${code}` : `died of ${signal}`, began),
    );
  }

  /** null when it does not answer, or not (yet) in the way expected. */
  status(): Promise<ReadStatus | null> {
    if (this.#pid === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      const call = request(
        { socketPath: this.#settings.socket, path: '/status', timeout: STATUS_TIMEOUT_MS },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.once('error', () => resolve(null));
          response.once('end', () => {
            const status = parseStatus(text);
            // From here on the present one has to explain itself.
            if (status !== null) this.#lastEnd = null;
            resolve(status);
          });
        },
      );
      call.once('timeout', () => call.destroy());
      call.once('error', () => resolve(null));
      call.end();
    });
  }

  #ended(how: string, began: number): void {
    const { node, logFile, report } = this.#settings;
    this.#pid = null;
    const said = lastLine(logFile);
    this.#lastEnd = `policyd on ${node} ${how}${said === '' ? '' : `: ${said}`}`;
    if (performance.now() - began > GOOD_RUN_MS) this.#delayMs = FIRST_RESTART_MS;
    report.warning(
      `${this.#lastEnd}; its rules stay in the kernel, starting it again in ${this.#delayMs} ms`,
    );
    setTimeout(() => {
      this.#restarts += 1;
      appendFileSync(logFile, `${JSON.stringify({ lab: `restart ${this.#restarts}, it ${how}` })}\n`);
      this.start();
    }, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, LAST_RESTART_MS);
  }
}

function parseStatus(text: string): ReadStatus | null {
  try {
    return statusSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function lastLine(file: string): string {
  try {
    return (readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '').slice(0, 500);
  } catch {
    return '';
  }
}
