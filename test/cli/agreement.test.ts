/** The details of an explanation never contradict the verdict, over random clusters and policies. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { FlowReport } from '../../src/explain/explanation.ts';
import { explanationSchema } from '../../src/explain/schema.ts';
import { explanationText } from '../../src/explain/text.ts';
import { familyOf } from '../../src/model/address.ts';
import { holdsAddresses } from '../../src/model/cluster.ts';
import type { Protocol } from '../../src/model/protocol.ts';
import { parseAddress } from '../../src/net/address.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { assembleWorld, decodeAll } from '../../src/world/gather.ts';
import type { End } from '../../src/world/place.ts';
import type { World } from '../../src/world/world.ts';
import { cluster, EXTERNAL, flows, type RandomCluster, type RandomFlow } from '../kit/arbitraries.ts';
import { AMPLE, cases } from '../kit/cases.ts';

const CASES = cases(150);

function worldOf({ namespaces, nodes, pods, policies }: RandomCluster, withAddresses: boolean): World {
  const objects = [...namespaces, ...nodes, ...pods, ...policies].map((raw) => ({
    kind: String(raw.kind),
    raw: withAddresses || raw.kind !== 'Pod' ? raw : { ...raw, status: { phase: phaseOf(raw.status) } },
    locate: null,
  }));
  const origin = { kind: 'files', cluster: null, files: [], missing: [] } as const;
  return assembleWorld(decodeAll(objects, 'ignore'), origin);
}

function phaseOf(status: unknown): unknown {
  return (status as { readonly phase?: unknown } | undefined)?.phase;
}

function endsOf(world: World): readonly End[] {
  const pods = [...world.snapshot.pods.values()].filter((pod) => pod.hostNetwork || holdsAddresses(pod));
  const outside = EXTERNAL.flatMap((text) => parseAddress(text) ?? []);
  return [
    ...pods.map((pod): End => ({ kind: 'pod', pod })),
    ...pods.map((pod): End => ({ kind: 'pod', pod })),
    ...outside.map((address): End => ({ kind: 'address', address })),
    ...[...world.snapshot.nodes.values()].map((node): End => ({ kind: 'node', node })),
    { kind: 'internet' },
  ];
}

function ask(world: World, random: RandomFlow): readonly FlowReport[] {
  const ends = endsOf(world);
  const source = ends[random.source % ends.length];
  const destination = ends[random.destination % ends.length];
  if (source === undefined || destination === undefined) return [];
  const target = (end: End) => ({ kind: 'ends', name: 'x', ends: [end] }) as const;
  const protocol: Protocol =
    random.protocol === 'UDP' || random.protocol === 'SCTP' ? random.protocol : 'TCP';
  const explanation = explain(world, {
    source: target(source),
    destination: target(destination),
    port: random.port % 3 === 0 ? null : { port: Math.max(1, random.port), protocol },
    namespace: 'default',
  });
  expect(explanationSchema.safeParse(explanation).error?.issues ?? []).toEqual([]);
  const text = explanationText(explanation, { wide: true, paint: (word) => word });
  expect(text).toMatch(/^(?:ALLOWED|DENIED|UNKNOWN) /);
  return explanation.flows;
}

test('verdict and details agree with the evaluation, and every denial names its nearest miss', () => {
  const counts = { allowed: 0, denied: 0, unknown: 0 };
  fc.assert(
    fc.property(cluster, flows, (random, wanted) => {
      const world = worldOf(random, true);
      for (const each of wanted.slice(0, 10)) {
        for (const flow of ask(world, each)) {
          counts[flow.verdict] += 1;
          check(world, flow);
        }
      }
    }),
    { numRuns: CASES },
  );
  process.stdout.write(`explained: ${JSON.stringify(counts)}\n`);
  if (!AMPLE) return;
  expect(counts.denied).toBeGreaterThan(CASES);
  expect(counts.allowed).toBeGreaterThan(CASES);
});

function check(world: World, flow: FlowReport): void {
  for (const direction of flow.directions) {
    const admitting = direction.policies.filter(({ effect }) => effect === 'admits');
    if (direction.verdict === 'denied') {
      expect(admitting).toEqual([]);
      const rules = direction.policies.flatMap((policy) => policy.rules);
      for (const rule of rules) {
        const lost = rule.conditions.length === 0 || rule.conditions.some(({ ok }) => ok === false);
        expect(rule.admits).not.toBe(true);
        if (rule.admits === false) expect(lost).toBe(true);
      }
    }
    for (const { rules } of admitting) {
      expect(rules[0]?.admits).toBe(true);
      expect(rules[0]?.conditions.every(({ ok }) => ok === true)).toBe(true);
    }
  }
  if (flow.verdict === 'unknown') {
    expect(flow.missing.length).toBeGreaterThan(0);
    return;
  }
  const [from] = flow.source.addresses.flatMap((text) => parseAddress(text) ?? []);
  for (const family of flow.families) {
    const same = (texts: readonly string[]) =>
      texts.flatMap((text) => parseAddress(text) ?? []).find((address) => familyOf(address) === family);
    const [source, destination] = [same(flow.source.addresses), same(flow.destination.addresses)];
    if (from === undefined || source === undefined || destination === undefined) continue;
    const { allowance } = evaluate(world.snapshot, {
      source,
      destination,
      transport: { kind: 'ports', protocol: flow.protocol ?? 'TCP', port: flow.examplePort },
    });
    // A host-network pod and a node of the same address are told apart by name only where the node is known.
    if (flow.reason !== 'ALLOWED_NODE_LOCAL')
      expect(flow.verdict).toBe(allowance === 'allow' ? 'allowed' : 'denied');
  }
}

test('a verdict without addresses is the same whatever addresses the pods get, or it is unknown', () => {
  const counts = { allowed: 0, denied: 0, unknown: 0 };
  fc.assert(
    fc.property(cluster, flows, (random, wanted) => {
      const known = worldOf(random, true);
      const blind = worldOf(random, false);
      for (const each of wanted.slice(0, 10)) {
        const [a, b] = [pair(known, each), pair(blind, each)];
        if (a === null || b === null) continue;
        counts[b] += 1;
        if (b !== 'unknown' && a !== 'unknown') expect({ each, verdict: b }).toEqual({ each, verdict: a });
      }
    }),
    { numRuns: CASES },
  );
  process.stdout.write(`without addresses: ${JSON.stringify(counts)}\n`);
  if (AMPLE) expect(counts.denied).toBeGreaterThan(CASES / 2);
});

/** Between two pods with an address of their own, over IPv4. */
function pair(world: World, random: RandomFlow): FlowReport['verdict'] | null {
  const pods = [...world.snapshot.pods.values()]
    .filter((pod) => !pod.hostNetwork && (pod.phase === 'Running' || pod.phase === 'Pending'))
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  const source = pods[random.source % Math.max(1, pods.length)];
  const destination = pods[random.destination % Math.max(1, pods.length)];
  if (source === undefined || destination === undefined) return null;
  const target = (pod: typeof source) => ({ kind: 'ends', name: 'x', ends: [{ kind: 'pod', pod }] }) as const;
  const { flows: reports } = explain(world, {
    source: target(source),
    destination: target(destination),
    port: { port: Math.max(1, random.port), protocol: 'TCP' },
    namespace: 'default',
  });
  return reports.find(({ families }) => families.includes(4))?.verdict ?? null;
}
