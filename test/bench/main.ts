/** `make bench`: what an event costs, beside bare nft. Runs in network and mount namespaces of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BareNft } from './bare.ts';
import { measureIncremental } from './incremental.ts';
import { buildPolicies } from './policies.ts';
import { Report } from './report.ts';
import { buildCluster } from './workloads.ts';

const scale = Number(process.env.BENCH_SCALE ?? 1);
const rounds = Number(process.env.BENCH_ROUNDS ?? 25);
if (!(scale > 0) || !(rounds > 0)) throw new Error('BENCH_SCALE and BENCH_ROUNDS are numbers above 0');

const directory = await mkdtemp(join(tmpdir(), 'policyd-bench-'));
const report = new Report();
const bare = BareNft.start(directory, new URL('bare.mjs', import.meta.url).pathname);
try {
  const cluster = buildCluster({ pods: 10_000 * scale, policies: 1_000 * scale });
  const policies = buildPolicies(cluster);
  await measureIncremental({ cluster, policies, rounds, bare, report });
} finally {
  bare.end();
  await rm(directory, { recursive: true, force: true });
  process.stderr.write(`\n${report.tables()}`);
}
