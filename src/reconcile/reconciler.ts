/**
 * The one writer: brings the kernel to the compiled ruleset, and keeps it there.
 * Guarantees: nothing is written before `start`; changes that arrive while a commit runs gather; after any
 * failure the kernel is read before the next try; tries are bounded, then reported, and go on slowly while
 * the last ruleset stays in force. No difference, no write.
 */
import type { Compiled } from '../compile/compiled.ts';
import type { ObservedTable } from '../nft/observe.ts';
import { applyPlan, type Batch, type Plan } from '../nft/plan.ts';
import { Backoff } from './backoff.ts';
import { blame } from './blame.ts';
import { Cause } from './cause.ts';
import type { Clock, CommitResult, Log } from './ports.ts';
import { Problems } from './problems.ts';
import { sleep } from './sleep.ts';
import type { Degradation, DegradationCode, ResourceVersions } from './status.ts';

export interface Steps {
  compile(): Compiled;
  plan(desired: Compiled, observed: ObservedTable | null): Plan;
  commit(batch: Batch): Promise<CommitResult>;
  observe(): Promise<ObservedTable | null>;
}

export interface ReconcilerOptions {
  readonly steps: Steps;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** What has been seen of each kind at this moment. */
  versions(): ResourceVersions;
}

export interface ReconcilerState {
  readonly inSync: boolean;
  /** The kernel has held the desired ruleset at least once. */
  readonly everInSync: boolean;
  readonly revision: number;
  readonly resourceVersions: ResourceVersions;
  readonly degraded: Degradation | null;
}

/** Quick tries after a failure before it is reported as degraded; they take about three seconds. */
const QUICK_TRIES = 5;
const FIRST_DELAY_MS = 100;
/** While degraded: a try at the next change, but not faster than this, and one in any case every 30 s. */
const SLOWEST_CHANGE_MS = 1_000;
const SLOW_RETRY_MS = 30_000;
/** An agent killed in the middle of a commit may leave an nft process that commits after our first look. */
const SECOND_LOOK_MS = 60_000;

/** What ended a cycle early. */
class Setback extends Error {
  readonly code: DegradationCode;

  constructor(code: DegradationCode, message: string) {
    super(message);
    this.code = code;
  }
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #cause = new Cause();
  readonly #problems = new Problems();
  readonly #backoff: Backoff;
  #started = false;
  #dirty = false;
  /** Something changed since the last try began. */
  #news = false;
  #busy = false;
  /** `unknown`: the kernel has to be read first. */
  #observed: ObservedTable | null | 'unknown' = 'unknown';
  #everInSync = false;
  #revision = 0;
  #applied: ResourceVersions = { pods: '', namespaces: '', nodes: '', networkpolicies: '' };
  #degraded: Degradation | null = null;
  #wake: () => void = () => {};

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ firstMs: FIRST_DELAY_MS, maxMs: SLOW_RETRY_MS, random: options.random });
  }

  /** Everything has been listed: from now on the kernel may be written. */
  start(): void {
    this.#started = true;
    this.changed(['start']);
  }

  /** The desired ruleset may have changed. */
  changed(causes: readonly string[]): void {
    this.#dirty = true;
    this.#news = true;
    if (this.#started) this.#cause.add(causes, this.#options.clock.now());
    this.#wake();
  }

  get problems(): Problems {
    return this.#problems;
  }

  state(): ReconcilerState {
    const settled = this.#started && !this.#busy && !this.#dirty && this.#observed !== 'unknown';
    // What arrived since the last cycle without asking for a change is contained as well.
    if (settled) this.#applied = this.#options.versions();
    return {
      inSync: settled,
      everInSync: this.#everInSync,
      revision: this.#revision,
      resourceVersions: this.#applied,
      degraded: this.#degraded,
    };
  }

  /** Runs until the signal; a commit that has begun is brought to its end. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let cancelSecondLook: (() => void) | null = null;
    while (!signal.aborted) {
      if (!this.#started || !this.#dirty) {
        await this.#woken(signal);
        continue;
      }
      await new Promise<void>((resolve) => clock.soon(resolve));
      if (await this.#cycle()) {
        cancelSecondLook ??= clock.after(SECOND_LOOK_MS, () => this.#lookAgain());
      } else {
        await this.#pause(signal);
      }
    }
    cancelSecondLook?.();
  }

  #lookAgain(): void {
    this.#observed = 'unknown';
    this.changed(['second look']);
  }

  /** True when the kernel holds the desired ruleset at its end, or there is already newer work. */
  async #cycle(): Promise<boolean> {
    const { clock, log, steps, versions } = this.#options;
    this.#dirty = false;
    this.#news = false;
    this.#busy = true;
    const cause = this.#cause.take(clock.now());
    const contained = versions();
    try {
      const observed = this.#observed === 'unknown' ? await this.#observe() : this.#observed;
      const compiled = compile(steps);
      const plan = steps.plan(compiled, observed);
      for (const batch of plan.batches) await this.#commit(batch, compiled);
      this.#observed = applyPlan(plan, observed);
      this.#applied = contained;
      this.#succeeded();
      if (plan.batches.length > 0 || !this.#everInSync) {
        this.#revision += 1;
        log.info(plan.batches.length > 0 ? 'committed' : 'adopted the table as it is, nothing to write', {
          revision: this.#revision,
          cause: cause.text,
          operations: plan.batches.reduce((sum, { commands }) => sum + commands.length, 0),
          batches: plan.batches.length,
          milliseconds: Math.round((clock.now() - cause.since) * 10) / 10,
        });
      }
      this.#everInSync = true;
      return true;
    } catch (error) {
      this.#failed(error, cause);
      return false;
    } finally {
      this.#busy = false;
    }
  }

  async #observe(): Promise<ObservedTable | null> {
    try {
      this.#observed = await this.#options.steps.observe();
      return this.#observed;
    } catch (error) {
      throw new Setback('NFT_UNREADABLE', `cannot read the table from the kernel: ${describe(error)}`);
    }
  }

  async #commit(batch: Batch, compiled: Compiled): Promise<void> {
    let result: CommitResult;
    // Unknown from here on, until every batch has been committed.
    this.#observed = 'unknown';
    try {
      result = await this.#options.steps.commit(batch);
    } catch (error) {
      result = { kind: 'uncertain', message: describe(error) };
    }
    switch (result.kind) {
      case 'committed':
        return;
      case 'uncertain':
        throw new Setback('NFT_UNCERTAIN', `a commit ended in doubt: ${result.message}`);
      case 'refused':
        throw new Setback('NFT_REFUSED', this.#refusal(result, batch, compiled));
    }
  }

  #refusal(result: CommitResult & { kind: 'refused' }, batch: Batch, compiled: Compiled): string {
    const culprit = result.command === null ? undefined : batch.commands[result.command];
    this.#problems.clear();
    if (culprit === undefined) return `the kernel refused a commit: ${result.message}`;
    const { command, objects } = blame(culprit, compiled);
    for (const object of objects)
      this.#problems.set(object, [`not enforced: the kernel refused "${command}": ${result.message}`]);
    const origin = objects.length > 0 ? `, which comes from ${objects.join(', ')}` : '';
    return `the kernel refused "${command}"${origin}: ${result.message}`;
  }

  #succeeded(): void {
    this.#backoff.reset();
    this.#problems.clear();
    if (this.#degraded === null) return;
    this.#options.log.info('the kernel is in order again', { after: this.#degraded.code });
    this.#degraded = null;
  }

  #failed(error: unknown, cause: { readonly text: string; readonly since: number }): void {
    const code = error instanceof Setback ? error.code : 'COMPILE_FAILED';
    const message = describe(error);
    this.#observed = 'unknown';
    this.#dirty = true;
    this.#cause.add([cause.text], cause.since);
    const failures = this.#backoff.failures + 1;
    const last = failures > QUICK_TRIES;
    if (last) this.#degraded = { code, message };
    this.#options.log[last ? 'error' : 'warn'](message, { code, failures, cause: cause.text });
  }

  /** Between two tries. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const delay = this.#backoff.next();
    if (this.#degraded === null) return await sleep(clock, delay, signal);
    await sleep(clock, SLOWEST_CHANGE_MS, signal);
    if (this.#news || signal.aborted) return;
    const news = new AbortController();
    this.#wake = (): void => news.abort();
    signal.addEventListener('abort', this.#wake, { once: true });
    await sleep(clock, SLOW_RETRY_MS - SLOWEST_CHANGE_MS, news.signal);
    signal.removeEventListener('abort', this.#wake);
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = (): void => {
        signal.removeEventListener('abort', this.#wake);
        resolve();
      };
      signal.addEventListener('abort', this.#wake, { once: true });
    });
  }
}

function compile(steps: Steps): Compiled {
  try {
    return steps.compile();
  } catch (error) {
    throw new Setback('COMPILE_FAILED', `cannot compile the ruleset: ${describe(error)}`);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
