/** The two evaluators agree on every packet: what policies mean, and what the compiled ruleset does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { Compiler } from '../../src/compile/compiler.ts';
import { type Address, familyOf } from '../../src/model/address.ts';
import { type Change, changedObject, type Snapshot } from '../../src/model/cluster.ts';
import type { Transport } from '../../src/model/protocol.ts';
import type { Flow } from '../../src/model/verdict.ts';
import { parseAddress } from '../../src/net/address.ts';
import { applyPlan, plan } from '../../src/nft/plan.ts';
import { toText } from '../../src/nft/text.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { cluster, EXTERNAL, flows, NODE_ADDRESSES, type RandomFlow, UNKNOWN } from '../kit/arbitraries.ts';
import { budgets } from '../kit/budgets.ts';
import { AMPLE, cases } from '../kit/cases.ts';
import { shapes } from '../kit/shapes.ts';
import { changesOf, snapshotOfCluster } from '../kit/snapshot.ts';
import { compare, compileAll, crossesForward } from '../kit/walking.ts';

function flowsIn(snapshot: Snapshot, random: readonly RandomFlow[]): readonly Flow[] {
  const outside = [...EXTERNAL, ...UNKNOWN, ...Object.values(NODE_ADDRESSES).flat()].flatMap(
    (text) => parseAddress(text) ?? [],
  );
  const pods = [...snapshot.pods.values()].flatMap((pod) => pod.addresses);
  // Pods twice: most flows are between pods, as the interesting ones are.
  const addresses = [...pods, ...pods, ...outside];
  const pick = (list: readonly Address[], fraction: number): Address | undefined =>
    list[fraction % list.length];
  return random.flatMap(({ source, destination, protocol, port }) => {
    const from = pick(addresses, source);
    const sameFamily = addresses.filter(
      (address) => from !== undefined && familyOf(address) === familyOf(from),
    );
    const to = pick(sameFamily, destination);
    if (from === undefined || to === undefined) return [];
    const flow: Flow = {
      source: from,
      destination: to,
      transport: transportOf(protocol, port, from.includes(':')),
    };
    return crossesForward(snapshot, flow) ? [flow] : [];
  });
}

function transportOf(protocol: RandomFlow['protocol'], port: number, v6: boolean): Transport {
  if (protocol === 'ICMP') return { kind: 'other', ipProtocol: v6 ? 58 : 1 };
  if (protocol === 'ESP') return { kind: 'other', ipProtocol: 50 };
  return { kind: 'ports', protocol, port };
}

test('policy/evaluate and nft/walk agree on every packet', () => {
  const counts = { clusters: 0, flows: 0, allowed: 0, denied: 0, byRule: 0, quarantined: 0, open: 0 };
  fc.assert(
    fc.property(cluster, flows, shapes, (random, wanted, shape) => {
      const snapshot = snapshotOfCluster(random);
      const walkables = compileAll(snapshot, shape);
      counts.clusters += 1;
      for (const flow of flowsIn(snapshot, wanted)) {
        const { meaning, kernel, reply } = compare(snapshot, walkables, flow);
        expect({ flow, kernel }).toEqual({ flow, kernel: meaning });
        expect({ flow, reply }).toEqual({ flow, reply: meaning });
        counts.flows += 1;
        counts[meaning === 'allow' ? 'allowed' : 'denied'] += 1;
        const { egress, ingress } = evaluate(snapshot, flow);
        if ([egress, ingress].some(({ reason }) => reason === 'QUARANTINED')) counts.quarantined += 1;
        else if (UNKNOWN.some((text) => text === flow.source || text === flow.destination)) counts.open += 1;
        if (
          meaning === 'allow' &&
          (egress.reason === 'ALLOWED_BY_RULE' || ingress.reason === 'ALLOWED_BY_RULE')
        ) {
          counts.byRule += 1;
        }
      }
    }),
    { numRuns: cases(2000) },
  );
  process.stdout.write(`agreement: ${JSON.stringify(counts)}\n`);
  if (!AMPLE) return;
  // A generator that never allows by a rule, or never denies, would prove nothing.
  expect(counts.byRule).toBeGreaterThan(counts.flows / 50);
  expect(counts.denied).toBeGreaterThan(counts.flows / 10);
  expect(counts.quarantined).toBeGreaterThan(counts.flows / 100);
  expect(counts.open).toBeGreaterThan(counts.flows / 100);
});

const shuffle = fc.array(fc.nat(), { minLength: 60, maxLength: 60 });

function shuffled<Item>(items: readonly Item[], keys: readonly number[]): readonly Item[] {
  return items
    .map((item, index) => ({ item, key: keys[index % keys.length] ?? 0, index }))
    .sort((a, b) => a.key - b.key || a.index - b.index)
    .map(({ item }) => item);
}

test('shuffled, repeated and interrupted events give the same bytes as a full compile', () => {
  fc.assert(
    fc.property(cluster, cluster, shuffle, shapes, budgets, (first, second, keys, shape, budget) => {
      const [before, after] = [snapshotOfCluster(first), snapshotOfCluster(second)];
      const options = {
        node: 'node-a',
        podRanges: after.nodes.get('node-a')?.podCidrs ?? [],
        shapes: shape,
        budget,
      };
      const compiler = new Compiler(options);
      for (const change of shuffled(changesOf(before), keys)) {
        compiler.update(change);
        if (change.kind === 'policy') compiler.result();
      }
      const gone = changesOf(before).map((change): Change => ({ ...change, value: null }));
      const wanted = changesOf(after);
      const kept = new Set(wanted.map((change) => changedObject(change)));
      const removals = gone.filter((change) => !kept.has(changedObject(change)));
      for (const [index, change] of shuffled([...removals, ...wanted, ...wanted], keys).entries()) {
        compiler.update(change);
        if (index % 7 === 0) compiler.result();
      }
      expect(toText(compiler.result().ruleset)).toBe(toText(compile(after, options).ruleset));
    }),
    { numRuns: cases(200) },
  );
});

test('a plan leads from any ruleset to any other, and then there is nothing left to do', () => {
  fc.assert(
    fc.property(cluster, cluster, (first, second) => {
      const [before, after] = [first, second].map((random) => {
        const snapshot = snapshotOfCluster(random);
        return compile(snapshot, { node: 'node-a', podRanges: snapshot.nodes.get('node-a')?.podCidrs ?? [] })
          .ruleset;
      });
      if (!before || !after) throw new TypeError('two clusters were drawn');
      const installed = applyPlan(plan(before, null), null);
      expect(plan(before, installed).batches).toEqual([]);
      const changed = applyPlan(plan(after, installed), installed);
      expect(plan(after, changed).batches).toEqual([]);
    }),
    { numRuns: cases(100) },
  );
});

type RawPolicy = { readonly spec: { readonly ingress?: readonly { readonly from?: readonly unknown[] }[] } };

test('removing one of several peers of a rule never allows more', () => {
  let narrowed = 0;
  fc.assert(
    fc.property(cluster, flows, fc.nat(), (random, wanted, seed) => {
      const full = snapshotOfCluster(random);
      const policies = random.policies.map((policy) => {
        const { spec } = policy as unknown as RawPolicy;
        const ingress = spec.ingress?.map((rule) => {
          if (rule.from === undefined || rule.from.length < 2) return rule;
          narrowed += 1;
          return { ...rule, from: rule.from.filter((_, index) => index !== seed % (rule.from?.length ?? 1)) };
        });
        return ingress ? { ...policy, spec: { ...spec, ingress } } : policy;
      });
      const fewer = snapshotOfCluster({ ...random, policies });
      for (const flow of flowsIn(full, wanted)) {
        if (evaluate(fewer, flow).allowance === 'allow') expect(evaluate(full, flow).allowance).toBe('allow');
      }
    }),
    { numRuns: cases(200) },
  );
  if (AMPLE) expect(narrowed).toBeGreaterThan(0);
});
