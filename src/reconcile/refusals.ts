/**
 * What the kernel has refused and is left out for now, with the objects it comes from. An entry goes when its
 * object changes, when nothing in the ruleset is it any more, or when everything is to be tried again.
 */
import type { CompiledTable } from '../compile/compiled.ts';
import { type Refusal, ruleText } from '../compile/withhold.ts';
import type { ObjectProblem } from '../status/status.ts';

interface Entry {
  readonly refusal: Refusal;
  readonly objects: readonly string[];
  readonly message: string;
}

export class Refusals {
  readonly #entries = new Map<string, Entry>();

  /** False: it was left out already, so that it cannot be what was refused now. */
  add(refusal: Refusal, objects: readonly string[], message: string): boolean {
    const key = JSON.stringify(refusal);
    if (this.#entries.has(key)) return false;
    this.#entries.set(key, { refusal, objects, message });
    return true;
  }

  /** Their next version may be better. */
  forget(objects: readonly string[]): void {
    for (const [key, entry] of this.#entries) {
      if (entry.objects.some((object) => objects.includes(object))) this.#entries.delete(key);
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Drops those that nothing in the table is any more. */
  prune(compiled: CompiledTable): void {
    for (const [key, { refusal }] of this.#entries)
      if (!concerns(refusal, compiled)) this.#entries.delete(key);
  }

  list(): readonly Refusal[] {
    return [...this.#entries.values()].map(({ refusal }) => refusal);
  }

  problems(): readonly ObjectProblem[] {
    return [...this.#entries.values()].flatMap(({ objects, message }) =>
      (objects.length > 0 ? objects : ['the ruleset']).map((object) => ({ object, message })),
    );
  }
}

function concerns(refusal: Refusal, { ruleset }: CompiledTable): boolean {
  switch (refusal.kind) {
    case 'chain':
      return ruleset.chains.has(refusal.name);
    case 'set':
      return ruleset.sets.has(refusal.name);
    case 'element':
      return ruleset.sets.get(refusal.name)?.elements.has(refusal.element) ?? false;
    case 'rule':
      return [...ruleset.chains.values()].some(({ rules }) =>
        rules.some((rule) => ruleText(rule) === refusal.rule),
      );
  }
}
