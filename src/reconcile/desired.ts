/**
 * From changes of the cluster and of the machine to what they ask for. If the compiler ever throws it is
 * replaced by a new one, built from everything that is known.
 */
import type { Compiled } from '../compile/compiled.ts';
import type { Forwarder } from '../compile/compiler.ts';
import type { MachineChange } from '../machine/change.ts';
import type { PodRangesResult } from '../machine/pod-ranges.ts';
import type { Address } from '../model/address.ts';
import type { Change } from '../model/cluster.ts';

export interface IncrementalCompiler {
  readonly podRanges: PodRangesResult;
  readonly strays: readonly Address[];
  readonly forwarders: readonly Forwarder[];
  update(change: Change): void;
  updateMachine(change: MachineChange): void;
  setBlind(blind: boolean): void;
  result(): Compiled;
}

export interface DesiredOptions {
  createCompiler(blind: boolean): IncrementalCompiler;
  /** All objects of the cluster, as changes that would build them. */
  contents(): Iterable<Change>;
  /** The compiler threw at a change; so often by now. */
  broken(error: unknown, rebuilds: number): void;
}

export class Desired {
  readonly #options: DesiredOptions;
  /** All facts of the machine, as changes that would build them. */
  readonly #machine = new Map<string, MachineChange>();
  /** Stands for a broken one, for the questions that do not wait for the next. */
  #last: IncrementalCompiler;
  /** null: broken, to be built anew. */
  #compiler: IncrementalCompiler | null;
  #blind = false;
  #rebuilds = 0;

  constructor(options: DesiredOptions) {
    this.#options = options;
    this.#last = options.createCompiler(false);
    this.#compiler = this.#last;
  }

  get podRanges(): PodRangesResult {
    return this.#last.podRanges;
  }

  /** Addresses of this node's pods of which only a route tells where they hang. */
  get strays(): readonly Address[] {
    return this.#last.strays;
  }

  /** Pods of this node that ask to send for others, and whether they may. */
  get forwarders(): readonly Forwarder[] {
    return this.#last.forwarders;
  }

  /** Never throws: a compiler that fails here fails again in `compile`, if it is its fault. */
  update(changes: readonly Change[]): void {
    for (const change of changes) this.#try((compiler) => compiler.update(change));
  }

  /** Never throws. */
  updateMachine(changes: readonly MachineChange[]): void {
    for (const change of changes) {
      const key = `${change.kind} ${change.key}`;
      if (change.value === null) this.#machine.delete(key);
      else this.#machine.set(key, change);
      this.#try((compiler) => compiler.updateMachine(change));
    }
  }

  /** Whether changes of the cluster fail to arrive; see `Blindness`. */
  setBlind(blind: boolean): void {
    this.#blind = blind;
    this.#compiler?.setBlind(blind);
  }

  /** May throw; the next call then starts from scratch. */
  compile(): Compiled {
    try {
      this.#compiler ??= this.#rebuild();
      return this.#compiler.result();
    } catch (error) {
      this.#compiler = null;
      throw error;
    }
  }

  #try(work: (compiler: IncrementalCompiler) => void): void {
    if (this.#compiler === null) return;
    try {
      work(this.#compiler);
    } catch (error) {
      this.#compiler = null;
      this.#rebuilds += 1;
      this.#options.broken(error, this.#rebuilds);
    }
  }

  #rebuild(): IncrementalCompiler {
    const compiler = this.#options.createCompiler(this.#blind);
    for (const change of this.#options.contents()) compiler.update(change);
    for (const change of this.#machine.values()) compiler.updateMachine(change);
    this.#last = compiler;
    return compiler;
  }
}
