/**
 * What one object can make a node pay: policies that ask for a lot, created beside a usual cluster, and another
 * object's event before and after each. In network and mount namespaces of its own: `node test/bench/run.mjs costs`.
 */
import { setFlagsFromString } from 'node:v8';
import { everythingExcept, manyPeers, portsTimesPeers } from '../kit/hostile.ts';
import { watchLine } from './events.ts';
import { type Raw, rawNamespace, rawNodes, rawPod } from './objects.ts';
import { Pipeline, type Sample } from './pipeline.ts';
import { buildPolicies } from './policies.ts';
import { Report } from './report.ts';
import { scenarios } from './scenarios.ts';
import { median, round } from './statistics.ts';
import { addressesAt, buildCluster, LOCAL_NODE, type PodPlace } from './workloads.ts';

// As policyd does.
setFlagsFromString('--optimize-for-size');

const report = new Report();
const cluster = buildCluster({ pods: 10_000, policies: 1_000 });
const local = cluster.pods.find(({ node }) => node === LOCAL_NODE);
if (local === undefined) throw new Error('a cluster has pods on each node');
const { namespace } = local.workload;
const pipeline = new Pipeline();
let version = 1_000_000_000;

async function send(type: 'ADDED' | 'DELETED', object: Raw): Promise<Sample> {
  version += 1;
  return await pipeline.event(
    'networkpolicies',
    watchLine({ name: '', kind: 'networkpolicies', type, object }, version),
  );
}

function policy(name: string, spec: unknown): Raw {
  return { metadata: { namespace, name, uid: name }, spec };
}

/** Another object's event: the median of the first scenario, a pod on another node that comes and goes. */
async function another(): Promise<number> {
  const totals: number[] = [];
  const [scenario] = scenarios(cluster);
  for (let index = 0; index < 8; index += 1) {
    for (const step of scenario?.(version % 100_000) ?? []) {
      version += 1;
      const { total } = await pipeline.event(step.kind, watchLine(step, version));
      if (index >= 2) totals.push(total);
    }
  }
  return round(median(totals));
}

/** Whom the policies name as peers. */
function peer(index: number): PodPlace {
  const ports = [0, 1, 2].map((each) => {
    const number = (index + each * 7) % 300;
    return { name: `p${number}`, number: 1000 + number, protocol: number % 2 === 0 ? 'TCP' : 'UDP' };
  });
  const workload = { namespace, name: `peer-${index}`, tier: 'api', ports };
  return { workload, index: 0, node: 'node-1', addresses: addressesAt(200 + (index >> 7), index & 127) };
}

pipeline.list('nodes', rawNodes(cluster));
pipeline.list('namespaces', cluster.teams.map(rawNamespace));
const peers = Array.from({ length: 300 }, (_, index) => peer(index));
pipeline.list(
  'pods',
  [...cluster.pods, ...peers].map((pod) => rawPod(pod)),
);
pipeline.list('networkpolicies', buildPolicies(cluster));
await pipeline.start();

report.section('Policies that ask for a lot; milliseconds');
const before = await another();
report.add({ name: 'another object’s event, before any of these', another: before });
const CASES: readonly (readonly [string, readonly unknown[]])[] = [
  ['300 named ports x 300 peers', [portsTimesPeers(300, 300)]],
  ['10,000 peers', [manyPeers(10_000)]],
  ['::/0 except 8,000 addresses', [everythingExcept(8_000)]],
  [
    '100 policies of 300 named ports x 300 peers',
    Array.from({ length: 100 }, (_, index) => portsTimesPeers(300, 300, String(index))),
  ],
  [
    '100 policies of ::/0 except 8,000',
    Array.from({ length: 100 }, (_, index) => everythingExcept(8_000, index)),
  ],
  [
    '100 policies of 10,000 peers',
    Array.from({ length: 100 }, (_, index) => manyPeers(10_000, String(index))),
  ],
];
const only = process.argv[2];
for (const [name, specs] of CASES) {
  if (only !== undefined && !name.startsWith(only)) continue;
  const samples: Sample[] = [];
  for (const [index, spec] of specs.entries())
    samples.push(await send('ADDED', policy(`hostile-${index}`, spec)));
  const memory = Math.round(process.memoryUsage().rss / 1024 / 1024);
  const meanwhile = await another();
  const gone: Sample[] = [];
  for (const [index, spec] of specs.entries())
    gone.push(await send('DELETED', policy(`hostile-${index}`, spec)));
  const of = (pick: (sample: (typeof samples)[number]) => number): number => round(median(samples.map(pick)));
  report.add({
    name,
    created: of(({ total }) => total),
    slowest: round(samples.reduce((most, { total }) => Math.max(total, most), 0)),
    compile: of(({ compile }) => compile),
    plan: of(({ plan }) => plan),
    commit: of(({ commit }) => commit),
    another: meanwhile,
    removed: round(median(gone.map(({ total }) => total))),
    rss_MiB: memory,
  });
}
await pipeline.end();
process.stderr.write(`\n${report.tables()}`);
