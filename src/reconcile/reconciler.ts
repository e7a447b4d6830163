/**
 * The one writer: brings the kernel to the compiled ruleset, and keeps it there.
 * Guarantees: nothing is written before `start`; changes that arrive while a commit runs gather; after any
 * failure the kernel is read before the next try; tries are bounded, then reported, and go on slowly while
 * the last ruleset stays in force. What the kernel refuses of single objects is left out, closed, and
 * reported, so that it holds up nothing else. No difference, no write.
 */
import type { Compiled } from '../compile/compiled.ts';
import { withhold } from '../compile/withhold.ts';
import { emptyVersions, type ResourceVersions } from '../kinds/versions.ts';
import type { ObservedTable } from '../nft/observe.ts';
import { applyPlan, type Batch, type Plan, split } from '../nft/plan.ts';
import type { CommitResult, Refused } from '../nft/port.ts';
import type { Log } from '../status/log.ts';
import { Problems } from '../status/problems.ts';
import type { Degradation } from '../status/status.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import { type Blame, blame } from './blame.ts';
import { Cause } from './cause.ts';
import { Refusals } from './refusals.ts';
import { Setback } from './setback.ts';

export interface Steps {
  compile(): Compiled;
  plan(desired: Compiled, observed: ObservedTable | null): Plan;
  commit(batch: Batch): Promise<CommitResult>;
  observe(): Promise<ObservedTable | null>;
  /** A transaction was too large: the next plan must cut smaller ones. */
  shrink?(): void;
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
/** Past this, what keeps the kernel from following is reported at once, and a quick end is not waited for. */
const PATIENCE_MS = 10_000;
/** Objects found guilty in one go; more of them take more tries. */
const MAX_ROUNDS = 20;
/** What the kernel has refused is tried again then, even if its object has not changed. */
const RETRY_REFUSED_MS = 300_000;
/** An agent killed in the middle of a commit may leave an nft process that commits after our first look. */
const SECOND_LOOK_MS = 60_000;

/** Cycles in a row that may leave what nothing refers to, while changes come faster than commits. */
const MOST_LEFT_LYING = 20;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #cause = new Cause();
  readonly #problems = new Problems();
  readonly #refusals = new Refusals();
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
  #applied: ResourceVersions = emptyVersions();
  #degraded: Degradation | null = null;
  /** Since when the kernel could not be brought to what is wanted, and since when nft is at work. */
  #failingSince: number | null = null;
  #nftSince: number | null = null;
  #cancelRetry: (() => void) | null = null;
  /** Cycles in a row that left garbage to the next. */
  #leftLying = 0;
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

  /** The desired ruleset may have changed, and with it these objects (`NetworkPolicy shop/api`). */
  changed(causes: readonly string[], objects: readonly string[] = []): void {
    this.#dirty = true;
    this.#news = true;
    this.#refusals.forget(objects);
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
      degraded: this.#degraded ?? this.#slow(),
    };
  }

  #slow(): Degradation | null {
    if (this.#nftSince === null) return null;
    const waited = this.#options.clock.now() - this.#nftSince;
    if (waited < PATIENCE_MS) return null;
    const seconds = Math.round(waited / 1000);
    return {
      code: 'NFT_SLOW',
      message: `nft has been at work for ${seconds} s; the last ruleset stays in force`,
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
    this.#cancelRetry?.();
  }

  #lookAgain(): void {
    this.#observed = 'unknown';
    this.changed(['second look']);
  }

  /** True when the kernel holds the desired ruleset at its end, or there is already newer work. */
  async #cycle(): Promise<boolean> {
    const { clock, versions } = this.#options;
    this.#dirty = false;
    this.#news = false;
    this.#busy = true;
    const cause = this.#cause.take(clock.now());
    const contained = versions();
    try {
      const { visible, garbage } = await this.#bring();
      this.#applied = contained;
      if (visible.batches.length > 0) this.#report('committed', visible, cause);
      const collected = await this.#collect(garbage);
      this.#succeeded();
      if (visible.batches.length === 0) {
        if (collected) this.#report('committed', garbage, cause);
        else if (!this.#everInSync)
          this.#report('adopted the table as it is, nothing to write', visible, cause);
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

  #report(message: string, { batches }: Plan, cause: ReturnType<Cause['take']>): void {
    const { clock, log } = this.#options;
    this.#revision += 1;
    const switches = batches.filter(({ purpose }) => purpose === 'switch').length;
    log.info(message, {
      revision: this.#revision,
      cause: cause.text,
      operations: batches.reduce((sum, { commands }) => sum + commands.length, 0),
      batches: batches.length,
      // Too large for one transaction here: it became visible in so many.
      ...(switches > 1 ? { steps: switches } : {}),
      milliseconds: Math.round((clock.now() - cause.since) * 10) / 10,
    });
  }

  /** Brings what packets meet to what is desired, less what the kernel refuses; the plan that did, in two. */
  async #bring(): Promise<ReturnType<typeof split>> {
    const { steps } = this.#options;
    for (let round = 0; ; round += 1) {
      const fresh = this.#observed === 'unknown';
      const observed = this.#observed === 'unknown' ? await this.#observe() : this.#observed;
      const wanted = compile(steps);
      const compiled = withhold(wanted, this.#refusals.of(wanted));
      const parts = split(steps.plan(compiled, observed));
      const refused = await this.#commitAll(parts.visible);
      if (refused === null) {
        this.#observed = applyPlan(parts.visible, observed);
        return parts;
      }
      const { command } = refused;
      const blamed = command === undefined ? null : blame(command, refused.result.element ?? null, compiled);
      // What was planned on memory may be refused because somebody changed the table: look first.
      if (!fresh || round >= MAX_ROUNDS || blamed === null || !this.#leaveOut(blamed, refused.result)) {
        throw new Setback('NFT_REFUSED', this.#refusal(blamed, refused.result));
      }
    }
  }

  /**
   * Takes away what nothing refers to any more. Newer work comes first: its plan finds the same again, and
   * what it may use of it. False: nothing was taken away.
   */
  async #collect(garbage: Plan): Promise<boolean> {
    const observed = this.#observed;
    if (garbage.batches.length === 0 || observed === 'unknown') return false;
    await new Promise<void>((resolve) => this.#options.clock.soon(resolve));
    if (this.#dirty && this.#leftLying < MOST_LEFT_LYING) {
      this.#leftLying += 1;
      return false;
    }
    const refused = await this.#commitAll(garbage);
    if (refused !== null) throw new Setback('NFT_REFUSED', this.#refusal(null, refused.result));
    this.#observed = applyPlan(garbage, observed);
    this.#leftLying = 0;
    return true;
  }

  /** False: that would not help. */
  #leaveOut({ command, objects, refusal }: Blame, { message }: Refused): boolean {
    if (refusal === null) return false;
    const text = `closed instead: the kernel refused "${command}": ${message}`;
    return this.#refusals.add(refusal, objects, text);
  }

  async #observe(): Promise<ObservedTable | null> {
    try {
      this.#observed = await this.#timed(this.#options.steps.observe());
      return this.#observed;
    } catch (error) {
      throw new Setback('NFT_UNREADABLE', `cannot read the table from the kernel: ${describe(error)}`);
    }
  }

  /** null: all of it is in the kernel. */
  async #commitAll({ batches }: Plan): Promise<{
    readonly result: Refused;
    readonly command: Batch['commands'][number] | undefined;
  } | null> {
    for (const batch of batches) {
      const result = await this.#commit(batch);
      if (result.kind === 'uncertain') {
        throw new Setback(
          'NFT_UNCERTAIN',
          `a commit ended in doubt, the kernel goes on enforcing: ${result.message}`,
        );
      }
      if (result.kind === 'committed') continue;
      if (result.tooLarge === true && result.command === null) this.#options.steps.shrink?.();
      return { result, command: result.command === null ? undefined : batch.commands[result.command] };
    }
    return null;
  }

  async #commit(batch: Batch): Promise<CommitResult> {
    // Unknown from here on, until every batch has been committed.
    this.#observed = 'unknown';
    try {
      return await this.#timed(this.#options.steps.commit(batch));
    } catch (error) {
      return { kind: 'uncertain', message: describe(error) };
    }
  }

  /** Says so when nft takes suspiciously long. */
  async #timed<T>(work: Promise<T>): Promise<T> {
    const { clock, log } = this.#options;
    this.#nftSince = clock.now();
    const cancel = clock.after(PATIENCE_MS, () => {
      log.warn('nft does not end; the last ruleset stays in force', { code: 'NFT_SLOW' });
    });
    try {
      return await work;
    } finally {
      cancel();
      this.#nftSince = null;
    }
  }

  #refusal(blamed: Blame | null, { message }: Refused): string {
    this.#problems.clear();
    if (blamed === null) return `the kernel refused a commit: ${message}`;
    const { command, objects } = blamed;
    for (const object of objects)
      this.#problems.set(object, [`not enforced: the kernel refused "${command}": ${message}`]);
    const origin = objects.length > 0 ? `, which comes from ${objects.join(', ')}` : '';
    return `the kernel refused "${command}"${origin}: ${message}`;
  }

  #succeeded(): void {
    this.#backoff.reset();
    this.#failingSince = null;
    this.#reportRefusals();
    if (this.#degraded === null) return;
    this.#options.log.info('the kernel is in order again', { after: this.#degraded.code });
    this.#degraded = null;
  }

  #reportRefusals(): void {
    const { clock, log } = this.#options;
    const problems = this.#refusals.problems();
    for (const { message, object } of this.#problems.replace(problems)) log.warn(message, { object });
    if (problems.length === 0) {
      this.#cancelRetry?.();
      this.#cancelRetry = null;
      return;
    }
    this.#cancelRetry ??= clock.after(RETRY_REFUSED_MS, () => {
      this.#cancelRetry = null;
      this.#refusals.clear();
      this.changed(['another try of what the kernel refused']);
    });
  }

  #failed(error: unknown, cause: { readonly text: string; readonly since: number }): void {
    const code = error instanceof Setback ? error.code : 'COMPILE_FAILED';
    const message = describe(error);
    this.#observed = 'unknown';
    this.#dirty = true;
    this.#cause.add([cause.text], cause.since);
    const failures = this.#backoff.failures + 1;
    const now = this.#options.clock.now();
    this.#failingSince ??= cause.since;
    const last = failures > QUICK_TRIES || now - this.#failingSince > PATIENCE_MS;
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
