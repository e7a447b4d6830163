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

/** What somebody else is known to have done. */
export interface Suspicion {
  /** Chains in which rules came or went. */
  readonly chains: ReadonlySet<string> | 'all';
  /** The table was heard to be deleted. */
  readonly gone: boolean;
}

/** What was written, and what that took in milliseconds. */
export interface Brought {
  readonly batches: readonly Batch[];
  readonly plan: number;
  readonly commit: number;
  /** What reading the kernel took; null: it was not read. */
  readonly read: number | null;
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
  /** `unknown`: the kernel has to be read first. `gone`: the table was heard to be deleted, and not read since. */
  #observed: ObservedTable | null | 'unknown' | 'gone' = 'unknown';
  /** What the table was brought to without a failure since. */
  #held: CompiledTable | null | 'nothing' = 'nothing';
  #garbage: Plan | null = null;
  #leftLying = 0;
  /** It is read once more, though nobody doubts what it holds. */
  #recheck = false;
  /** How often somebody else may have written; what was read before the last of them is old. */
  #doubts = 0;
  #verified = false;
  /** Chains in which others wrote rules since: a comment of ours can be copied. */
  #suspects: Set<string> | 'all' = new Set();

  constructor(options: TableKeeperOptions) {
    this.#options = options;
  }

  get table(): Table {
    return this.#options.table;
  }

  /** What the kernel holds is known. */
  get known(): boolean {
    return this.#observed !== 'unknown' && this.#observed !== 'gone';
  }

  /** It has been brought to what was wanted by a reading begun after the last doubt. */
  get verified(): boolean {
    return this.#verified;
  }

  get problems(): readonly ObjectProblem[] {
    return this.#problems.list();
  }

  /** The kernel is read before anything else is done: what became of our own commit is not known. */
  lookAgain(): void {
    this.#observed = 'unknown';
  }

  /** Somebody else may have written: nothing that was read before counts. */
  doubt({ chains, gone }: Suspicion): void {
    this.#doubts += 1;
    this.#verified = false;
    this.#observed = gone ? 'gone' : 'unknown';
    const suspects = this.#suspects;
    if (chains === 'all' || suspects === 'all') this.#suspects = 'all';
    else for (const chain of chains) suspects.add(chain);
  }

  /** The next `bring` reads the kernel, and what it holds counts as known until then. */
  recheck(): void {
    this.#recheck = true;
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
    const doubts = this.#doubts;
    for (let round = 0; ; round += 1) {
      const known = this.#recheck ? 'unknown' : this.#observed;
      const fresh = known === 'unknown' || known === 'gone';
      if (wanted !== null) this.#refusals.prune(wanted);
      const compiled = this.#accepted(wanted);
      // One transaction makes it whatever is there by now; for more of them that must be known.
      const blind = known === 'gone' ? split(steps.plan(compiled, null)) : null;
      const trusted = blind !== null && blind.visible.batches.length === 1 && round === 0;
      const began = clock.now();
      const observed = trusted ? null : fresh ? await this.#observe(wanted) : known;
      const started = clock.now();
      const { visible, garbage } = trusted ? blind : split(steps.plan(compiled, observed));
      const planned = clock.now();
      const drift = fresh && this.#differs({ visible, garbage }, wanted, observed);
      const refused = await this.#commitAll(visible);
      if (refused === null) {
        this.#remember(doubts, compiled === null ? null : applyPlan(visible, observed));
        this.#garbage = garbage.batches.length > 0 ? garbage : null;
        this.#held = wanted;
        return {
          batches: visible.batches,
          plan: planned - started,
          commit: clock.now() - planned,
          read: fresh && !trusted ? started - began : null,
          drift,
          present: compiled !== null,
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
    const garbage = this.#garbage;
    if (garbage === null) return [];
    await new Promise<void>((resolve) => this.#options.clock.soon(resolve));
    const doubts = this.#doubts;
    const observed = this.#observed;
    if (observed === 'unknown' || observed === 'gone') return [];
    if (newerWork() && this.#leftLying < MOST_LEFT_LYING) {
      this.#leftLying += 1;
      return [];
    }
    const refused = await this.#commitAll(garbage);
    if (refused !== null) throw new Setback('NFT_REFUSED', this.#refusal(null, refused.result));
    this.#remember(doubts, applyPlan(garbage, observed));
    this.#garbage = null;
    this.#leftLying = 0;
    return garbage.batches;
  }

  /** After success: what is left out stays reported; what was not reported yet. */
  reportRefusals(): { readonly refused: boolean; readonly news: readonly ObjectProblem[] } {
    const problems = this.#refusals.problems();
    return { refused: problems.length > 0, news: this.#problems.replace(problems) };
  }

  /** Less what the kernel refuses. */
  #accepted(wanted: CompiledTable | null): CompiledTable | null {
    return wanted === null ? null : withhold(wanted, this.#refusals.list());
  }

  /** Whether what was read is other than it had been left, whatever is wanted by now. */
  #differs(
    { visible, garbage }: { readonly visible: Plan; readonly garbage: Plan },
    wanted: CompiledTable | null,
    observed: ObservedTable | null,
  ): boolean {
    if (this.#held === 'nothing') return false;
    const litter = this.#garbage === null;
    if (wanted === this.#held) return visible.batches.length > 0 || (litter && garbage.batches.length > 0);
    const { visible: before } = split(this.#options.steps.plan(this.#accepted(this.#held), observed));
    return before.batches.length > 0;
  }

  /** Unless somebody else wrote since the `doubts` that were known when the work began. */
  #remember(doubts: number, observed: ObservedTable | null): void {
    if (doubts !== this.#doubts) return;
    this.#observed = observed;
    this.#verified = true;
    this.#suspects = new Set();
  }

  /** False: that would not help. */
  #leaveOut({ command, objects, refusal }: Blame, { message }: Refused): boolean {
    if (refusal === null) return false;
    const text = `closed instead: the kernel refused "${command}": ${message}`;
    return this.#refusals.add(refusal, objects, text);
  }

  async #observe(wanted: CompiledTable | null): Promise<ObservedTable | null> {
    this.#recheck = false;
    try {
      const observed = await this.#options.patience.during(this.#options.steps.observe());
      return observed === null ? null : distrust(observed, this.#suspects);
    } catch (error) {
      // A kernel without tables of this family has none of ours to take away.
      if (wanted === null) return null;
      this.#observed = 'unknown';
      throw new Setback('NFT_UNREADABLE', `cannot read the table from the kernel: ${reasonOf(error)}`);
    }
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

/** The comments of these chains prove nothing: they are written anew. */
function distrust(observed: ObservedTable, suspects: ReadonlySet<string> | 'all'): ObservedTable {
  if (suspects !== 'all' && suspects.size === 0) return observed;
  const chains = new Map(
    [...observed.chains].map(([name, chain]) =>
      suspects === 'all' || suspects.has(name) ? [name, { ...chain, fingerprint: null }] : [name, chain],
    ),
  );
  return { ...observed, chains };
}
