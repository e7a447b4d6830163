/** The same end, however one comes to it: ruleset, plan and predicted table, byte for byte. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ruleset } from '../../src/nft/objects.ts';
import type { ObservedTable } from '../../src/nft/observe.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import { toText } from '../../src/nft/text.ts';
import { cases } from '../kit/cases.ts';
import { desiredOf, policiesOf } from '../kit/desired.ts';
import {
  endOf,
  randomSequence,
  type Sequence,
  stepsOf,
  VARIANTS,
  type Variant,
  WRITTEN,
} from '../kit/sequences.ts';
import { changesOf } from '../kit/snapshot.ts';

const CASES = cases(40);

/** From everything at once. */
function recomputed(sequence: Sequence): Ruleset {
  const contents = changesOf(endOf(sequence));
  const desired = desiredOf(contents);
  desired.update(contents);
  return policiesOf(desired).ruleset;
}

interface Walked {
  readonly ruleset: Ruleset;
  readonly table: ObservedTable | null;
}

/** Step by step, as the agent does it: what is compiled, and what the kernel would hold. */
function walked(sequence: Sequence, variant: Variant): Walked {
  const desired = desiredOf([]);
  let walking: Walked = { ruleset: policiesOf(desired).ruleset, table: null };
  for (const step of stepsOf(sequence, variant)) {
    desired.update(step);
    const { ruleset } = policiesOf(desired);
    const next = plan(ruleset, walking.table);
    walking = { ruleset, table: applyPlan(next, walking.table) };
  }
  return walking;
}

/** What is in a table, without where it came from and in which order it came. */
function contentOf(table: ObservedTable | null): unknown {
  if (table === null) return null;
  const byName = <Value>(map: ReadonlyMap<string, Value>, show: (value: Value) => unknown): unknown =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, show(value)]);
  return {
    foreign: table.foreign,
    chains: byName(table.chains, ({ hook, fingerprint, rules }) => [hook, fingerprint, rules]),
    sets: byName(table.sets, ({ shape, elements }) => [shape, [...elements].sort()]),
    maps: byName(table.maps, ({ shape, elements }) => [shape, [...elements].sort()]),
  };
}

function check(sequence: Sequence, variant: Variant): void {
  const wanted = recomputed(sequence);
  const { ruleset, table } = walked(sequence, variant);
  expect(toText(ruleset)).toBe(toText(wanted));
  expect(contentOf(table)).toEqual(contentOf(applyPlan(plan(wanted, null), null)));
  expect(plan(wanted, table).batches).toEqual([]);
}

test.each(WRITTEN.flatMap((sequence) => VARIANTS.map((variant) => ({ ...sequence, variant }))))(
  '$name, $variant: the end is that of a full recompute',
  ({ variant, ...sequence }) => check(sequence, variant),
);

test.each(VARIANTS)('random states, %s: the end is that of a full recompute', (variant) => {
  fc.assert(
    fc.property(randomSequence, (sequence) => check(sequence, variant)),
    { numRuns: CASES },
  );
});
