import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { Failure } from '../../model/failure.ts';
import type {
  ListenFailure,
  ProbeRequest,
  ProbeResult,
  ProbeTarget,
  ResidentOptions,
} from '../pod/messages.ts';

const messageSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ready'),
    failures: z.array(
      z.object({ port: z.int(), protocol: z.enum(['TCP', 'UDP', 'SCTP']), message: z.string() }),
    ),
  }),
  z.object({
    kind: z.literal('result'),
    id: z.int(),
    outcome: z.enum(['connected', 'blocked', 'refused', 'error']),
    milliseconds: z.number(),
    detail: z.string(),
  }),
]);

export interface ResidentSettings extends ResidentOptions {
  readonly netns: string;
  /** The bundled lab-pod. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** File descriptor for what it says on standard error. */
  readonly log: number;
}

/** Many start at once: a busy machine takes long. One that ends instead of starting is known at once. */
const START_TIMEOUT_MS = 120_000;
/** On top of a probe's own time: its turn among the others of the same source. */
const QUEUE_PATIENCE_MS = 60_000;

/** A lab-pod process in its network namespace, seen from its kubelet. */
export class Resident {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (result: ProbeResult) => void>();
  #lastId = 0;
  #over: string | null = null;
  #ready: (failures: readonly ListenFailure[]) => void = () => undefined;
  /** How it ended, when it does. */
  readonly exited: Promise<string>;

  private constructor(settings: ResidentSettings) {
    const { netns, program, name, ports, udpAddresses } = settings;
    const options: ResidentOptions = { name, ports, udpAddresses };
    // No V8 flags: any of them invalidates Node's built-in code cache and costs 40 ms a start.
    const command = [process.execPath, program, JSON.stringify(options)];
    this.#child = spawn('ip', ['netns', 'exec', netns, ...command], {
      env: settings.env,
      // A session of its own: Ctrl-C at the terminal is for the user's command.
      detached: true,
      stdio: ['pipe', 'pipe', settings.log],
    });
    this.#child.stdin?.on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#over ??= how;
        for (const settle of this.#pending.values()) settle(failed(`the source's process ${how}`));
        this.#pending.clear();
        resolve(how);
      };
      this.#child.once('error', (error) => end(`could not start: ${error.message}`));
      this.#child.once('exit', (code, signal) =>
        end(signal === null ? `exited with ${code}` : `died of ${signal}`),
      );
    });
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  /** Resolves once every port listens or has failed to. */
  static async start(
    settings: ResidentSettings,
  ): Promise<{ resident: Resident; failures: readonly ListenFailure[] }> {
    const resident = new Resident(settings);
    let timer: NodeJS.Timeout | undefined;
    try {
      const failures = await Promise.race([
        new Promise<readonly ListenFailure[]>((resolve) => {
          resident.#ready = resolve;
        }),
        resident.exited.then((how) => {
          throw new Failure('LAB_FAILED', `the process of ${settings.name} ${how}`);
        }),
        new Promise<never>((_, reject) => {
          const late = new Failure('LAB_FAILED', `the process of ${settings.name} was not ready in time`);
          timer = setTimeout(reject, START_TIMEOUT_MS, late);
        }),
      ]);
      return { resident, failures };
    } catch (error) {
      await resident.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number | null {
    return this.#over === null ? (this.#child.pid ?? null) : null;
  }

  /** Never rejects: what keeps the probe from being made is the outcome `error`. */
  probe(target: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
    const over = this.#over;
    if (over !== null) return Promise.resolve(failed(`the source's process ${over}`));
    this.#lastId += 1;
    const request: ProbeRequest = { id: this.#lastId, timeoutMs, ...target };
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => settle(failed("the source's process did not answer")),
        timeoutMs + QUEUE_PATIENCE_MS,
      );
      const settle = (result: ProbeResult): void => {
        clearTimeout(timer);
        this.#pending.delete(request.id);
        resolve(result);
      };
      this.#pending.set(request.id, settle);
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  /** Kills it at once: a lab pod has nothing to finish. */
  async stop(): Promise<void> {
    if (this.#over === null) this.#child.kill('SIGKILL');
    await this.exited;
  }

  #hear(line: string): void {
    const message = messageSchema.parse(JSON.parse(line));
    switch (message.kind) {
      case 'ready':
        this.#ready(message.failures);
        break;
      case 'result': {
        const { outcome, milliseconds, detail } = message;
        this.#pending.get(message.id)?.({ outcome, milliseconds, detail });
        break;
      }
    }
  }
}

function failed(detail: string): ProbeResult {
  return { outcome: 'error', milliseconds: 0, detail };
}
