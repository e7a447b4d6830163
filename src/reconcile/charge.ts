/**
 * A table in the loop's charge: its keeper, what waits to be brought and since when, and how its tries go. Tells
 * what became of each try.
 */
import type { CompiledTable } from '../compile/compiled.ts';
import type { Table } from '../nft/commands.ts';
import type { Batch } from '../nft/plan.ts';
import type { Degradation } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import { Attempts } from './attempts.ts';
import { Cause, type Taken } from './cause.ts';
import type { LoopObserver } from './events.ts';
import { PATIENCE_MS, type Patience } from './patience.ts';
import { reasonOf, Setback } from './setback.ts';
import { type Brought, type Suspicion, TableKeeper, type TableSteps } from './table-keeper.ts';
import { Verification } from './verification.ts';

/** One of our tables, the steps for it, and what it means that it fails. */
export interface KeptTable {
  readonly table: Table;
  readonly steps: TableSteps;
  readonly trouble: (setback: Setback) => Degradation;
}

export interface ChargeOptions {
  readonly kept: KeptTable;
  readonly clock: Clock;
  readonly random: () => number;
  readonly patience: Patience;
  readonly tell: LoopObserver;
  /** Of what went into the kernel, or was found there. */
  nextRevision(): number;
}

/** Somebody else may have written. */
export interface Doubt extends Suspicion {
  /** As in `changed`. */
  readonly causes: readonly string[];
  /** `nft (process 4711)`; null: that is not known. */
  readonly by: string | null;
}

/** A try whose garbage has not been collected yet. */
interface Pending {
  readonly cause: Taken;
  readonly brought: Brought;
  readonly compile: number;
}

export class Charge {
  readonly keeper: TableKeeper;
  readonly #options: ChargeOptions;
  readonly #attempts: Attempts;
  readonly #cause = new Cause();
  readonly #verification: Verification;
  readonly #name: string;
  #dirty = false;
  /** Something changed since the last try began. */
  #news = false;
  #pending: Pending | null = null;
  #everBrought = false;
  /** Who was heard first to change it since it was verified, and when. */
  #doubt: { readonly by: string; readonly since: number } | null = null;
  /** Somebody else wrote since the last try began, which explains whatever became of it. */
  #struck = false;
  #repairs = 0;

  constructor(options: ChargeOptions) {
    const { kept, clock, random, patience } = options;
    this.#options = options;
    this.#attempts = new Attempts({ random, patienceMs: PATIENCE_MS });
    this.#verification = new Verification({ random });
    this.#name = `${kept.table.family} ${kept.table.name}`;
    this.keeper = new TableKeeper({ table: kept.table, steps: kept.steps, clock, patience });
  }

  /** It may differ from what is desired. */
  get dirty(): boolean {
    return this.#dirty;
  }

  get failing(): boolean {
    return this.#attempts.failing;
  }

  get degraded(): Degradation | null {
    return this.#attempts.degraded;
  }

  /** How often somebody else had changed it. */
  get repairs(): number {
    return this.#repairs;
  }

  /** When the next try may begin, by the clock; of what is as desired, when it is to be read again. */
  get dueAt(): number {
    if (!this.#dirty) return this.#verification.dueAt;
    return this.#struck && this.degraded === null ? 0 : this.#attempts.dueAt(this.#news);
  }

  get cause(): Taken {
    return this.#cause.peek(this.#options.clock.now());
  }

  /** `causes`: none while nobody may write yet. */
  changed(causes: readonly string[], objects: readonly string[]): void {
    this.#dirty = true;
    this.#news = true;
    this.keeper.forget(objects);
    this.#cause.add(causes, this.#options.clock.now());
  }

  /** It is read before anything else is done, and verified only by what is read from now on. */
  doubt({ causes, by, ...suspicion }: Doubt): void {
    this.keeper.doubt(suspicion);
    if (by !== null) {
      this.#struck = true;
      this.#doubt ??= { by, since: this.#options.clock.now() };
    }
    this.changed(causes, []);
  }

  /** Others' changes are heard of, or are not: then only reading tells. */
  setHeard(heard: boolean): void {
    this.#verification.setHeard(heard, this.#options.clock.now());
  }

  /** False: it failed. `compile`: what compiling took, for the report. */
  async bring(wanted: CompiledTable | null, compile: number): Promise<boolean> {
    const { clock } = this.#options;
    if (!this.#dirty) this.keeper.recheck();
    this.#dirty = false;
    this.#news = false;
    this.#struck = false;
    const taken = this.#cause.take(clock.now());
    const cause = taken.text === '' ? { ...taken, text: 'verification' } : taken;
    try {
      const brought = await this.keeper.bring(wanted);
      const { batches, drift, read } = brought;
      this.#pending = { cause, brought, compile };
      if (read !== null) this.#verification.done(read, clock.now());
      if (drift) this.#repaired(operationsOf(batches));
      if (this.keeper.verified) this.#doubt = null;
      if (batches.length > 0) this.#committed(batches, this.#pending);
      return true;
    } catch (error) {
      this.#failed(error, cause);
      return false;
    }
  }

  /** Takes away what the try left behind. False: that failed. The kernel has refused something: `refused`. */
  async collect(): Promise<{ readonly done: boolean; readonly refused: boolean }> {
    const pending = this.#pending;
    if (pending === null) return { done: true, refused: false };
    this.#pending = null;
    try {
      const garbage = await this.keeper.collect(() => this.#dirty);
      if (pending.brought.batches.length === 0) {
        if (garbage.length > 0) this.#committed(garbage, pending);
        else if (!this.#everBrought && pending.brought.present) this.#adopted(pending.cause);
      }
      this.#everBrought = true;
      return { done: true, refused: this.#succeeded() };
    } catch (error) {
      this.#failed(error, pending.cause);
      return { done: false, refused: false };
    }
  }

  #repaired(operations: number): void {
    const { clock, tell } = this.#options;
    const { by, since } = this.#doubt ?? { by: null, since: null };
    this.#repairs += 1;
    const milliseconds = since === null ? null : rounded(clock.now() - since);
    tell({ kind: 'drift', table: this.#name, operations, by, milliseconds, repairs: this.#repairs });
  }

  #committed(batches: readonly Batch[], { cause, brought, compile }: Pending): void {
    const { plan, commit } = brought;
    this.#options.tell({
      kind: 'committed',
      ...this.#about(cause),
      operations: operationsOf(batches),
      batches: batches.length,
      steps: batches.filter(({ purpose }) => purpose === 'switch').length,
      spent: { compile, plan, commit },
    });
  }

  #adopted(cause: Taken): void {
    this.#options.tell({ kind: 'adopted', ...this.#about(cause) });
  }

  #about(cause: Taken): { table: string; revision: number; cause: string; milliseconds: number } {
    const { clock, nextRevision } = this.#options;
    const milliseconds = rounded(clock.now() - cause.since);
    return { table: this.#name, revision: nextRevision(), cause: cause.text, milliseconds };
  }

  /** Whether the kernel has refused something. */
  #succeeded(): boolean {
    const { tell } = this.#options;
    const after = this.#attempts.succeeded();
    const { refused, news } = this.keeper.reportRefusals();
    for (const { object, message } of news) tell({ kind: 'refused', object, message });
    if (after !== null) tell({ kind: 'recovered', after: after.code });
    return refused;
  }

  #failed(error: unknown, cause: Taken): void {
    const { clock, kept, tell } = this.#options;
    const setback = error instanceof Setback ? error : new Setback('COMPILE_FAILED', reasonOf(error));
    const trouble = kept.trouble(setback);
    this.keeper.lookAgain();
    this.#dirty = true;
    this.#cause.add([cause.text], cause.since);
    const failed = this.#attempts.failed(trouble, cause.since, clock.now());
    tell({ kind: 'failed', trouble, cause: cause.text, ...failed });
  }
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

function operationsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { commands }) => sum + commands.length, 0);
}
