/** The full load and the cost of each kind of event, in this process, beside bare nft. */
import type { Ruleset } from '../../src/nft/objects.ts';
import type { BareNft } from './bare.ts';
import { watchLine } from './events.ts';
import { type Raw, rawNamespace, rawNodes, rawPod } from './objects.ts';
import { Pipeline, type Sample } from './pipeline.ts';
import type { Report } from './report.ts';
import { scenarios } from './scenarios.ts';
import { median, quantile, round } from './statistics.ts';
import type { Cluster } from './workloads.ts';

export interface IncrementalOptions {
  readonly cluster: Cluster;
  readonly policies: readonly Raw[];
  readonly rounds: number;
  readonly bare: BareNft;
  readonly report: Report;
}

/** Rounds before anything is counted: the compiler of JavaScript has to see the code a few times. */
const WARM_UP = 5;

interface Measured extends Sample {
  readonly bare: number;
}

export async function measureIncremental(options: IncrementalOptions): Promise<void> {
  const { bare, report, cluster } = options;
  const pipeline = new Pipeline();
  report.section('Full load');
  await fullLoad(pipeline, options);
  describeSets(pipeline.ruleset, report);
  report.section('One event, in the agent’s line and by bare nft; milliseconds');
  const results = new Map<string, Measured[]>();
  let version = 1_000_000_000;
  for (let index = 0; index < WARM_UP + options.rounds; index += 1) {
    for (const scenario of scenarios(cluster)) {
      for (const step of scenario(index)) {
        version += 1;
        const sample = await pipeline.event(step.kind, watchLine(step, version));
        const times = await bare.commit(sample.transactions);
        // The other table must follow, but nobody waits for that.
        await bare.commit(sample.garbage);
        if (index < WARM_UP) continue;
        const measured = { ...sample, bare: sum(times) };
        const list = results.get(step.name);
        if (list) list.push(measured);
        else results.set(step.name, [measured]);
      }
    }
  }
  for (const [name, samples] of results) report.add(lineOf(name, samples));
  const all = [...results.values()].flat().filter(({ transactions }) => transactions.length > 0);
  report.add(lineOf('all of these', all));
  await pipeline.end();
}

async function fullLoad(pipeline: Pipeline, options: IncrementalOptions): Promise<void> {
  const { cluster, policies, bare, report } = options;
  const start = performance.now();
  pipeline.list('nodes', rawNodes(cluster));
  pipeline.list('namespaces', cluster.teams.map(rawNamespace));
  pipeline.list(
    'pods',
    lazily(cluster.pods, (pod) => rawPod(pod)),
  );
  pipeline.list('networkpolicies', policies);
  const listed = performance.now() - start;
  const sample = await pipeline.start();
  const alone = await bare.commit(sample.transactions);
  report.add({
    name: 'full load',
    pods: cluster.scale.pods,
    policies: cluster.scale.policies,
    decode: round(listed),
    compile: round(sample.compile),
    plan: round(sample.plan),
    commit: round(sample.commit),
    bare: round(sum(alone)),
    commands: sum(sample.transactions.map((commands) => commands.length)),
    elements: sum(sample.transactions.map(elementCount)),
  });
}

function* lazily<From, To>(items: Iterable<From>, make: (item: From) => To): Generator<To> {
  for (const item of items) yield make(item);
}

function describeSets(ruleset: Ruleset | null, report: Report): void {
  const sizes = [...(ruleset?.sets.values() ?? [])].map(({ elements }) => elements.size);
  report.section('What is in the table');
  report.add({
    name: 'ruleset',
    chains: ruleset?.chains.size ?? 0,
    rules: sum([...(ruleset?.chains.values() ?? [])].map(({ rules }) => rules.length)),
    sets: sizes.length,
    set_p50: quantile(sizes, 0.5),
    set_p90: quantile(sizes, 0.9),
    set_p99: quantile(sizes, 0.99),
    set_largest: quantile(sizes, 1),
    elements: sum(sizes),
  });
}

function lineOf(name: string, samples: readonly Measured[]) {
  const totals = samples.map(({ total }) => total);
  const bare = median(samples.map((sample) => sample.bare));
  const own = samples.map((sample) => sample.total / sample.bare).filter(Number.isFinite);
  const counts = samples.map(({ transactions }) => transactions);
  return {
    name,
    n: samples.length,
    p50: round(median(totals)),
    p90: round(quantile(totals, 0.9)),
    p99: round(quantile(totals, 0.99)),
    compile: round(median(samples.map(({ compile }) => compile))),
    plan: round(median(samples.map((sample) => sample.plan))),
    commit: round(median(samples.map(({ commit }) => commit))),
    bare: round(bare),
    ratio: own.length === 0 ? null : round(median(own)),
    settled: round(median(samples.map(({ settled }) => settled))),
    batches: median(counts.map((transactions) => transactions.length)),
    operations: median(counts.map((transactions) => sum(transactions.map((commands) => commands.length)))),
    elements: median(counts.map((transactions) => sum(transactions.map(elementCount)))),
  };
}

/** Elements named by a transaction. */
function elementCount(commands: readonly unknown[]): number {
  let count = 0;
  JSON.stringify(commands, (key, value) => {
    if (key === 'elem' && Array.isArray(value)) count += value.length;
    return value;
  });
  return count;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
