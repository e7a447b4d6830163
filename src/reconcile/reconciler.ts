/**
 * The one loop and the one writer: brings tables and settings to what is compiled, and keeps them there.
 * Guarantees: nothing is written before `start`; changes that arrive while a commit runs gather; a table that
 * fails is tried again and reported while the others go on, and its last ruleset stays in force.
 */
import type { Compiled, CompiledTable } from '../compile/compiled.ts';
import { emptyVersions, type ResourceVersions } from '../kinds/versions.ts';
import type { Switches } from '../machine/setting.ts';
import { policyText } from '../model/policy-ref.ts';
import { sameTable, type Table } from '../nft/commands.ts';
import type { ForeignChange, Hearing } from '../nft/port.ts';
import { Degradations } from '../status/degradations.ts';
import { Problems } from '../status/problems.ts';
import type { BridgeStatus, Degradation, ObjectProblem } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import { Attempts } from './attempts.ts';
import { Charge, type KeptTable } from './charge.ts';
import type { LoopObserver } from './events.ts';
import { PATIENCE_MS, Patience } from './patience.ts';
import { reasonOf } from './setback.ts';
import { SettingsKeeper } from './settings-keeper.ts';

export interface ReconcilerOptions {
  /** Every table of ours, wanted or not, in the order in which they are brought. */
  readonly tables: readonly KeptTable[];
  readonly switches: Switches;
  compile(): Compiled;
  readonly clock: Clock;
  readonly random: () => number;
  readonly tell: LoopObserver;
  /** What has been seen of each kind at this moment. */
  versions(): ResourceVersions;
}

export interface ReconcilerState {
  readonly inSync: boolean;
  /** The kernel has held everything desired at least once. */
  readonly everInSync: boolean;
  readonly revision: number;
  /** Every table has been read since the last moment at which somebody else may have changed it. */
  readonly verified: boolean;
  /** How often somebody else had changed a table. */
  readonly repairs: number;
  /** What the kernel contains. */
  readonly resourceVersions: ResourceVersions;
  /** What keeps the kernel from being as desired. */
  readonly degraded: readonly Degradation[];
  readonly problems: readonly ObjectProblem[];
  readonly bridges: readonly BridgeStatus[];
  readonly bridgeRepairs: number;
}

/** What the kernel has refused is tried again then, even if its object has not changed. */
const RETRY_REFUSED_MS = 300_000;
/** A setting that cannot be made is tried again then: nothing tells that it would work now. */
const RETRY_SETTINGS_MS = 1_000;

const NO_CHAINS: ReadonlySet<string> = new Set();

type Timer = 'refused' | 'settings';

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #patience: Patience;
  readonly #charges: readonly Charge[];
  readonly #settings: SettingsKeeper;
  readonly #compiling: Attempts;
  readonly #unmet: Degradations;
  readonly #timers = new Map<Timer, () => void>();
  #hearing: Hearing = { kind: 'starting', reason: null };
  #unnameable: readonly Degradation[] = [];
  /** Of policies that the compiler refused. */
  readonly #refused = new Problems();
  #started = false;
  #busy = false;
  /** A setting that could not be made is to be tried again. */
  #settingsDue = false;
  /** Something changed since the compiler was asked last. */
  #news = false;
  #everInSync = false;
  #revision = 0;
  #applied: ResourceVersions = emptyVersions();
  #wake: () => void = () => {};

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { clock, random, tell } = options;
    const patience = new Patience({ clock, slow: () => tell({ kind: 'slow' }) });
    const nextRevision = (): number => {
      this.#revision += 1;
      return this.#revision;
    };
    this.#patience = patience;
    this.#charges = options.tables.map(
      (kept) => new Charge({ kept, clock, random, patience, tell, nextRevision }),
    );
    this.#compiling = new Attempts({ random, patienceMs: PATIENCE_MS });
    this.#settings = new SettingsKeeper({ switches: options.switches, tell });
    this.#unmet = new Degradations({
      came: (trouble) => tell({ kind: 'degraded', trouble }),
      went: (code) => tell({ kind: 'restored', code }),
    });
  }

  /** Everything has been listed: from now on the kernel may be written. */
  start(): void {
    this.#started = true;
    this.changed(['start']);
  }

  /** What is desired may have changed, and with it these objects (`NetworkPolicy shop/api`). */
  changed(causes: readonly string[], objects: readonly string[] = []): void {
    this.#news = true;
    for (const charge of this.#charges) charge.changed(this.#started ? causes : [], objects);
    this.#wake();
  }

  /** Whether changes that others make are heard of. What was read before that may be old. */
  hear(hearing: Hearing): void {
    const { tell } = this.#options;
    this.#hearing = hearing;
    if (hearing.kind === 'listening') tell({ kind: 'hearing' });
    else if (hearing.kind === 'starting' && hearing.reason !== null)
      tell({ kind: 'deaf', reason: hearing.reason });
    for (const charge of this.#charges) charge.setHeard(hearing.kind !== 'failing');
    this.#tellUnmet();
    this.#doubtAll();
  }

  /** Something others wrote was missed. */
  lost(reason: string): void {
    this.#options.tell({ kind: 'deaf', reason });
    this.#doubtAll();
  }

  /** Somebody else has written into a table of ours. */
  foreign(change: ForeignChange): void {
    const { table, by } = change;
    const cause = `${by} wrote into table ${table.family} ${table.name}`;
    for (const charge of this.#charges)
      if (sameTable(charge.keeper.table, table))
        charge.doubt({ ...change, causes: this.#started ? [cause] : [] });
    this.#wake();
  }

  /** Newer versions have been seen, and nothing of them differs: what is in the kernel contains them too. */
  seen(): void {
    if (this.#settled()) this.#applied = this.#options.versions();
  }

  state(): ReconcilerState {
    const failing = [this.#compiling, ...this.#charges].flatMap(({ degraded }) => degraded ?? []);
    const slow = failing.length > 0 ? null : this.#patience.degraded;
    return {
      inSync: this.#settled(),
      everInSync: this.#everInSync,
      revision: this.#revision,
      verified: this.#heard && this.#charges.every(({ keeper }) => keeper.verified),
      repairs: this.#charges.reduce((sum, { repairs }) => sum + repairs, 0),
      resourceVersions: this.#applied,
      degraded: [...this.#unmetNow(), ...failing, ...(slow === null ? [] : [slow])],
      problems: [...this.#refused.list(), ...this.#charges.flatMap(({ keeper }) => keeper.problems)],
      bridges: this.#settings.status,
      bridgeRepairs: this.#settings.repairs,
    };
  }

  /** Runs until the signal; a commit that has begun is brought to its end. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const wait = this.#wait();
      if (wait !== 0) {
        await this.#woken(wait, signal);
        continue;
      }
      await new Promise<void>((resolve) => clock.soon(resolve));
      // What is only read again is as desired until it is found not to be.
      this.#busy = this.#charges.some(({ dirty }) => dirty);
      await this.#cycle(signal);
      this.#busy = false;
      this.seen();
    }
    for (const cancel of this.#timers.values()) cancel();
  }

  #settled(): boolean {
    if (!this.#started || this.#busy || !this.#heard) return false;
    return this.#charges.every(({ dirty, keeper }) => !dirty && keeper.known);
  }

  /** What is written is heard of, or is looked for since it cannot be. */
  get #heard(): boolean {
    return this.#hearing.kind !== 'starting';
  }

  #doubtAll(): void {
    for (const charge of this.#charges)
      charge.doubt({ causes: [], by: null, chains: NO_CHAINS, gone: false });
    this.#wake();
  }

  /** Milliseconds until there is something to do; null: nothing until something changes. */
  #wait(): number | null {
    const dueAts = this.#charges.map(({ dueAt }) => dueAt);
    if (this.#settingsDue) dueAts.push(0);
    const due = dueAts.reduce((first, each) => Math.min(first, each), Number.POSITIVE_INFINITY);
    if (!this.#started || due === Number.POSITIVE_INFINITY) return null;
    return Math.max(0, Math.max(due, this.#compiling.dueAt(this.#news)) - this.#options.clock.now());
  }

  async #cycle(signal: AbortSignal): Promise<void> {
    const { clock, versions } = this.#options;
    const started = clock.now();
    const contained = versions();
    const compiled = this.#compile();
    if (compiled === null) return;
    this.#bringSettings(compiled);
    const compiling = clock.now() - started;
    const due = this.#charges.filter(({ dueAt }) => dueAt <= clock.now());
    let brought = due.length === this.#charges.length;
    for (const charge of due) {
      if (signal.aborted) return;
      const done = await charge.bring(wantedOf(compiled, charge.keeper.table), compiling);
      brought &&= done;
    }
    if (brought) this.#applied = contained;
    for (const charge of due) {
      const { refused } = await charge.collect();
      if (refused) this.#later('refused', RETRY_REFUSED_MS, () => this.#retryRefused());
    }
    if (this.#charges.some(({ failing }) => failing)) return;
    this.#everInSync = true;
  }

  /** null: it failed. */
  #compile(): Compiled | null {
    const { clock, tell } = this.#options;
    this.#news = false;
    try {
      const compiled = this.#options.compile();
      this.#reportRefused(compiled);
      const after = this.#compiling.succeeded();
      if (after !== null) tell({ kind: 'recovered', after: after.code });
      return compiled;
    } catch (error) {
      const trouble: Degradation = {
        code: 'COMPILE_FAILED',
        message: `cannot compile the ruleset: ${reasonOf(error)}`,
      };
      const [{ text, since } = { text: '', since: clock.now() }] = this.#charges.map(({ cause }) => cause);
      const failed = this.#compiling.failed(trouble, since, clock.now());
      tell({ kind: 'failed', trouble, cause: text, ...failed });
      return null;
    }
  }

  #reportRefused({ refused }: Compiled): void {
    const problems = refused.map(({ policy, message }) => ({ object: policyText(policy), message }));
    for (const { object, message } of this.#refused.replace(problems))
      this.#options.tell({ kind: 'refused', object, message });
  }

  #bringSettings({ settings, unnameable }: Compiled): void {
    this.#settingsDue = false;
    this.#settings.bring(settings);
    this.#unnameable = unnameable.map((message) => ({ code: 'BRIDGE_UNFILTERED', message }));
    this.#tellUnmet();
    if (this.#settings.degraded.length === 0) return;
    this.#later('settings', RETRY_SETTINGS_MS, () => {
      this.#settingsDue = true;
      this.#wake();
    });
  }

  /** What is not as it should be and does not end a try. */
  #unmetNow(): readonly Degradation[] {
    return [...this.#settings.degraded, ...this.#unnameable, ...unheard(this.#hearing)];
  }

  #tellUnmet(): void {
    this.#unmet.update(this.#unmetNow());
  }

  #retryRefused(): void {
    for (const { keeper } of this.#charges) keeper.forgetAll();
    this.changed(['another try of what the kernel refused']);
  }

  /** Once, however often it is asked for meanwhile. */
  #later(timer: Timer, milliseconds: number, work: () => void): void {
    if (this.#timers.has(timer)) return;
    const cancel = this.#options.clock.after(milliseconds, () => {
      this.#timers.delete(timer);
      work();
    });
    this.#timers.set(timer, cancel);
  }

  /** By a change, the signal, or the end of the wait. */
  #woken(wait: number | null, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        cancel();
        resolve();
      };
      const cancel = wait === null ? (): void => {} : this.#options.clock.after(wait, wake);
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

function unheard(hearing: Hearing): readonly Degradation[] {
  if (hearing.kind !== 'failing') return [];
  const message = `changes that others make to the tables are not heard of, only found when a table is read again every few seconds: ${hearing.reason}`;
  return [{ code: 'CHANGES_UNHEARD', message }];
}

/** null: there should be no such table. */
function wantedOf({ tables }: Compiled, table: Table): CompiledTable | null {
  return tables.find(({ ruleset }) => sameTable(ruleset.table, table)) ?? null;
}
