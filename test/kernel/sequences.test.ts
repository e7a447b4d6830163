/**
 * What the kernel holds after a list of states is what it holds after the last one alone: the listing is
 * compared, without handles, counters and the order in which things were made.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Change } from '../../src/model/cluster.ts';
import { UNLIMITED, UNPRIVILEGED_LIMITS } from '../../src/nft/batch.ts';
import type { ObservedTable } from '../../src/nft/observe.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import type { Nft } from '../../src/nft/port.ts';
import { desiredOf, policiesOf } from '../kit/desired.ts';
import { createSandbox, nftIn, type Sandbox } from '../kit/sandbox.ts';
import {
  endOf,
  randomSequence,
  type Sequence,
  type Step,
  stepsOf,
  VARIANTS,
  type Variant,
  WRITTEN,
} from '../kit/sequences.ts';
import { changesOf } from '../kit/snapshot.ts';

let sandbox: Sandbox;
let nft: Nft;

beforeAll(async () => {
  sandbox = await createSandbox();
  nft = nftIn(sandbox);
});
afterAll(() => sandbox.close());

/** Every variant of what was written by hand, and eight random lists, each walked in one of the ways. */
const CASES: readonly { readonly sequence: Sequence; readonly variant: Variant }[] = [
  ...WRITTEN.flatMap((sequence) => VARIANTS.map((variant) => ({ sequence, variant }))),
  ...fc
    .sample(randomSequence, { seed: 41, numRuns: 8 })
    .map((sequence, index) => ({ sequence, variant: VARIANTS[index % VARIANTS.length] ?? 'as it is' })),
];

/** From no table, each step in transactions of its own. */
async function install(steps: readonly Step[], contents: readonly Change[]): Promise<unknown> {
  await sandbox.run('nft', ['delete', 'table', 'inet', 'policyd']);
  const desired = desiredOf(contents);
  let table: ObservedTable | null = null;
  for (const step of steps) {
    desired.update(step);
    const { ruleset } = policiesOf(desired);
    const next = plan(ruleset, table, sandbox.unprivileged ? UNPRIVILEGED_LIMITS : UNLIMITED);
    for (const { commands } of next.batches)
      expect(await nft.commit(commands)).toMatchObject({ kind: 'committed' });
    table = applyPlan(next, table);
  }
  return canonical(await nft.listTable('inet', 'policyd'));
}

type Listed = Readonly<Record<string, unknown>>;

/** Rules keep their order within a chain; everything else is sorted. */
function canonical(listing: unknown): readonly unknown[] {
  const { nftables } = listing as { readonly nftables: readonly Listed[] };
  const objects = nftables.filter((object) => !('metainfo' in object)).map(bare) as readonly Listed[];
  const rules = new Map<string, Listed[]>();
  for (const object of objects) {
    if (!('rule' in object)) continue;
    const { chain } = object.rule as { readonly chain: string };
    rules.set(chain, [...(rules.get(chain) ?? []), object]);
  }
  return [
    ...sorted(objects.filter((object) => !('rule' in object))),
    ...[...rules].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, list]) => list),
  ];
}

/** Without what the kernel gives by itself. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(
    ([key]) => key !== 'handle' && key !== 'packets' && key !== 'bytes',
  );
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      key === 'elem' && Array.isArray(inner) ? sorted(inner.map(bare)) : bare(inner),
    ]),
  );
}

function sorted<Value>(values: readonly Value[]): readonly Value[] {
  return [...values].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

test.each(CASES.map(({ sequence, variant }) => ({ name: sequence.name, variant, sequence })))(
  '$name, $variant: the kernel lists what it lists after the end state alone',
  async ({ sequence, variant }) => {
    const contents = changesOf(endOf(sequence));
    const fresh = await install([contents], contents);
    expect((fresh as readonly unknown[]).length).toBeGreaterThan(20);
    expect(await install(stepsOf(sequence, variant), contents)).toEqual(fresh);
  },
);
