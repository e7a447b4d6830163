/**
 * Keeps one table: what was observed of it, what the kernel refused of it, what lies about in it as garbage.
 * Guarantees: after any failure the kernel is read before anything is written again; what is refused of single
 * objects is left out, closed, and reported, so that it holds up nothing else; no difference, no write.
 */
import type { CompiledTable } from '../compile/compiled.ts';
import { withhold } from '../compile/withhold.ts';
import type { Table } from '../nft/commands.ts';
import type { ObservedTable } from '../nft/observe.ts';
import { applyPlan, type Batch, type Plan, split } from '../nft/plan.ts';
import type { CommitResult, Refused } from '../nft/port.ts';
import { Problems } from '../status/problems.ts';
import type { ObjectProblem } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import { type Blame, blame } from './blame.ts';
import type { Patience } from './patience.ts';
import { Refusals } from './refusals.ts';
import { reasonOf, Setback } from './setback.ts';

/** Of one table; `wanted` null: there should be none. */
export interface TableSteps {
  plan(wanted: CompiledTable | null, observed: ObservedTable | null): Plan;
  commit(batch: Batch): Promise<CommitResult>;
  /** null: there is no such table. */
  observe(): Promise<ObservedTable | null>;
  /** A transaction was too large: the next plan must cut smaller ones. */
  shrink(): void;
}

export interface TableKeeperOptions {
  readonly table: Table;
  readonly steps: TableSteps;
  readonly clock: Clock;
  readonly patience: Patience;
}

/** What was written, and what that took in milliseconds. */
export interface Brought {
  readonly batches: readonly Batch[];
  readonly plan: number;
  readonly commit: number;
  /** It was found other than it had been left. */
  readonly drift: boolean;
  /** The table is there. */
  readonly present: boolean;
}

/** Objects found guilty in one go; more of them take more tries. */
const MAX_ROUNDS = 20;
/** Times in a row that garbage may be left lying, while changes come faster than commits. */
const MOST_LEFT_LYING = 20;

export class TableKeeper {
  readonly #options: TableKeeperOptions;
  readonly #refusals = new Refusals();
  readonly #problems = new Problems();
  /** `unknown`: the kernel has to be read first. */
  #observed: ObservedTable | null | 'unknown' = 'unknown';
  /** What the table was brought to without a failure since. */
  #held: CompiledTable | null | 'nothing' = 'nothing';
  #garbage: Plan | null = null;
  #leftLying = 0;

  constructor(options: TableKeeperOptions) {
    this.#options = options;
  }

  get table(): Table {
    return this.#options.table;
  }

  /** What the kernel holds is known. */
  get known(): boolean {
    return this.#observed !== 'unknown';
  }

  get problems(): readonly ObjectProblem[] {
    return this.#problems.list();
  }

  /** The kernel is read before anything else is done: somebody may have written. */
  lookAgain(): void {
    this.#observed = 'unknown';
  }

  /** These objects have changed: what the kernel refused of them may be better now. */
  forget(objects: readonly string[]): void {
    this.#refusals.forget(objects);
  }

  /** Everything is tried again. */
  forgetAll(): void {
    this.#refusals.clear();
  }

  /** Brings what packets meet to what is wanted, less what the kernel refuses. Rejects with a Setback. */
  async bring(wanted: CompiledTable | null): Promise<Brought> {
    const { steps, clock } = this.#options;
    for (let round = 0; ; round += 1) {
      const fresh = this.#observed === 'unknown';
      const observed = this.#observed === 'unknown' ? await this.#observe(wanted) : this.#observed;
      const started = clock.now();
      if (wanted !== null) this.#refusals.prune(wanted);
      const compiled = wanted === null ? null : withhold(wanted, this.#refusals.list());
      const { visible, garbage } = split(steps.plan(compiled, observed));
      const planned = clock.now();
      const drift = fresh && wanted === this.#held && visible.batches.length > 0;
      const refused = await this.#commitAll(visible);
      if (refused === null) {
        this.#observed = compiled === null ? null : applyPlan(visible, observed);
        this.#garbage = garbage.batches.length > 0 ? garbage : null;
        this.#held = wanted;
        return {
          batches: visible.batches,
          plan: planned - started,
          commit: clock.now() - planned,
          drift,
          present: this.#observed !== null,
        };
      }
      const { command, result } = refused;
      const blamed =
        command === undefined || compiled === null ? null : blame(command, result.element ?? null, compiled);
      // What was planned on memory may be refused because somebody changed the table: look first.
      if (!fresh || round >= MAX_ROUNDS || blamed === null || !this.#leaveOut(blamed, result)) {
        throw new Setback('NFT_REFUSED', this.#refusal(blamed, result));
      }
    }
  }

  /**
   * Takes away what nothing refers to any more. Newer work comes first: its plan finds the same again, and
   * what it may use of it. Nothing: nothing was taken away. Rejects with a Setback.
   */
  async collect(newerWork: () => boolean): Promise<readonly Batch[]> {
    const observed = this.#observed;
    const garbage = this.#garbage;
    if (garbage === null || observed === 'unknown') return [];
    await new Promise<void>((resolve) => this.#options.clock.soon(resolve));
    if (newerWork() && this.#leftLying < MOST_LEFT_LYING) {
      this.#leftLying += 1;
      return [];
    }
    const refused = await this.#commitAll(garbage);
    if (refused !== null) throw new Setback('NFT_REFUSED', this.#refusal(null, refused.result));
    this.#observed = applyPlan(garbage, observed);
    this.#garbage = null;
    this.#leftLying = 0;
    return garbage.batches;
  }

  /** After success: what is left out stays reported; what was not reported yet. */
  reportRefusals(): { readonly refused: boolean; readonly news: readonly ObjectProblem[] } {
    const problems = this.#refusals.problems();
    return { refused: problems.length > 0, news: this.#problems.replace(problems) };
  }

  /** False: that would not help. */
  #leaveOut({ command, objects, refusal }: Blame, { message }: Refused): boolean {
    if (refusal === null) return false;
    const text = `closed instead: the kernel refused "${command}": ${message}`;
    return this.#refusals.add(refusal, objects, text);
  }

  async #observe(wanted: CompiledTable | null): Promise<ObservedTable | null> {
    try {
      this.#observed = await this.#options.patience.during(this.#options.steps.observe());
    } catch (error) {
      // A kernel without tables of this family has none of ours to take away.
      if (wanted !== null)
        throw new Setback('NFT_UNREADABLE', `cannot read the table from the kernel: ${reasonOf(error)}`);
      this.#observed = null;
    }
    return this.#observed;
  }

  /** null: all of it is in the kernel. */
  async #commitAll({ batches }: Plan): Promise<{
    readonly result: Refused;
    readonly command: Batch['commands'][number] | undefined;
  } | null> {
    for (const batch of batches) {
      const result = await this.#commit(batch);
      if (result.kind === 'committed') continue;
      this.#held = 'nothing';
      if (result.kind === 'uncertain') {
        throw new Setback(
          'NFT_UNCERTAIN',
          `a commit ended in doubt, the kernel goes on enforcing: ${result.message}`,
        );
      }
      if (result.tooLarge === true && result.command === null) this.#options.steps.shrink();
      return { result, command: result.command === null ? undefined : batch.commands[result.command] };
    }
    return null;
  }

  async #commit(batch: Batch): Promise<CommitResult> {
    // Unknown from here on, until every batch has been committed.
    this.#observed = 'unknown';
    try {
      return await this.#options.patience.during(this.#options.steps.commit(batch));
    } catch (error) {
      return { kind: 'uncertain', message: reasonOf(error) };
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
}
