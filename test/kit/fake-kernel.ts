/**
 * A kernel for tests of the loop: takes transactions as the strict model does, all or nothing, lists its tables
 * as nft does, and can be told to fail.
 */
import type { NftCommand } from '../../src/nft/commands.ts';
import { parseListing } from '../../src/nft/listing.ts';
import { type ObservedTable, observe } from '../../src/nft/observe.ts';
import type { Batch } from '../../src/nft/plan.ts';
import type { CommitResult } from '../../src/nft/port.ts';
import { StrictTable } from './strict-table.ts';

export type Fault =
  | 'refuse'
  | 'refuse-rule'
  | 'uncertain-before'
  | 'uncertain-after'
  | 'throw'
  | 'hang'
  | null;

export class FakeKernel {
  #table: StrictTable = new StrictTable();
  readonly #id: ObservedTable['table'];
  readonly commits: Batch[] = [];
  observations = 0;
  /** For the next commits, in turn. */
  faults: Fault[] = [];
  /** Text in a command that the kernel refuses, for ever. */
  bad: readonly string[] = [];
  /** More commands than this are too many for one transaction. */
  room: number = Number.POSITIVE_INFINITY;
  unreadable: Error | null = null;
  afterCommit: (batch: Batch) => void = () => {};
  afterObservation: () => void = () => {};
  /** Lets go of a commit that hangs. */
  release: () => void = () => {};

  constructor(id: ObservedTable['table']) {
    this.#id = id;
  }

  /** What is there now; null: no table. Not counted as an observation. */
  get table(): ObservedTable | null {
    const listing = this.#table.listing();
    return listing === null ? null : observe(parseListing(listing), this.#id);
  }

  /** What packets can meet, as text. */
  get reachable(): string {
    return this.#table.reachable();
  }

  /** As somebody else does it, behind our back. */
  change(commands: readonly NftCommand[]): void {
    this.#table.commit(commands);
  }

  /** `nft flush ruleset` by somebody else. */
  wipe(): void {
    this.#table = new StrictTable();
  }

  async commit(batch: Batch): Promise<CommitResult> {
    this.commits.push(batch);
    const fault = this.faults.shift() ?? null;
    switch (fault) {
      case 'refuse':
        return { kind: 'refused', message: 'Could not process rule: File exists', command: null };
      case 'refuse-rule':
        return { kind: 'refused', message: 'syntax', command: batch.commands.findIndex(isPolicyRule) };
      case 'uncertain-before':
        return { kind: 'uncertain', message: 'no answer in 60000 ms' };
      case 'uncertain-after':
        this.#table.commit(batch.commands);
        return { kind: 'uncertain', message: 'No buffer space available' };
      case 'throw':
        throw new Error('nft is not installed');
      case 'hang':
        await new Promise<void>((resolve) => {
          this.release = resolve;
        });
        break;
      case null:
    }
    if (batch.commands.length > this.room)
      return { kind: 'refused', message: 'Message too long', command: null, tooLarge: true };
    const command = batch.commands.findIndex((each) => this.bad.some((text) => holds(each, text)));
    if (command >= 0)
      return { kind: 'refused', message: 'Invalid argument', command, ...this.#element(batch, command) };
    const after = this.#table.copy();
    try {
      after.commit(batch.commands);
    } catch (error) {
      return { kind: 'refused', message: String(error), command: null };
    }
    this.#table = after;
    this.afterCommit(batch);
    return { kind: 'committed', milliseconds: 3 };
  }

  async observe(): Promise<ObservedTable | null> {
    this.observations += 1;
    if (this.unreadable !== null) throw this.unreadable;
    const { table } = this;
    this.afterObservation();
    return table;
  }

  #element({ commands }: Batch, index: number): { element?: number } {
    const command = commands[index];
    const elements = command && 'add' in command && 'set' in command.add ? (command.add.set.elem ?? []) : [];
    const element = elements.findIndex((each) => this.bad.includes(JSON.stringify(each)));
    return element >= 0 ? { element } : {};
  }
}

function isPolicyRule(command: NftCommand): boolean {
  return 'add' in command && 'rule' in command.add && command.add.rule.chain.startsWith('rin_');
}

/** Taking away is never refused. */
function holds(command: NftCommand, text: string): boolean {
  return 'add' in command && JSON.stringify(command).includes(text);
}
