/**
 * From changes to the ruleset they ask for: feeds the incremental compiler and tells it the usable pod
 * ranges. If the compiler ever throws it is replaced by a new one, built from everything that is known.
 */
import type { Compiled } from '../compile/compiled.ts';
import type { CompileOptions } from '../compile/compiler.ts';
import { PodRanges, type PodRangesOptions, type PodRangesResult } from '../machine/pod-ranges.ts';
import type { Change } from '../model/cluster.ts';

export interface IncrementalCompiler {
  update(change: Change): void;
  setPodRanges(ranges: CompileOptions['podRanges']): void;
  setBlind(blind: boolean): void;
  result(): Compiled;
}

export interface DesiredOptions extends PodRangesOptions {
  createCompiler(options: CompileOptions): IncrementalCompiler;
  /** All objects, as changes that would build them. */
  contents(): Iterable<Change>;
}

export class Desired {
  readonly #options: DesiredOptions;
  readonly #podRanges: PodRanges;
  #ranges: PodRangesResult;
  /** null: broken, to be built anew. */
  #compiler: IncrementalCompiler | null;
  #blind = false;

  constructor(options: DesiredOptions) {
    this.#options = options;
    this.#podRanges = new PodRanges(options);
    this.#ranges = this.#podRanges.result();
    this.#compiler = this.#create();
  }

  get podRanges(): PodRangesResult {
    return this.#podRanges.result();
  }

  /** Never throws: a compiler that fails here fails again in `compile`, where it is reported. */
  update(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#podRanges.update(change);
      try {
        this.#compiler?.update(change);
      } catch {
        this.#compiler = null;
      }
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
      const ranges = this.#podRanges.result();
      if (ranges !== this.#ranges) this.#compiler.setPodRanges(ranges.ranges);
      this.#ranges = ranges;
      return this.#compiler.result();
    } catch (error) {
      this.#compiler = null;
      throw error;
    }
  }

  #rebuild(): IncrementalCompiler {
    const compiler = this.#create();
    for (const change of this.#options.contents()) compiler.update(change);
    return compiler;
  }

  #create(): IncrementalCompiler {
    this.#ranges = this.#podRanges.result();
    return this.#options.createCompiler({
      node: this.#options.node,
      podRanges: this.#ranges.ranges,
      blind: this.#blind,
    });
  }
}
