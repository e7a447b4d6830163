/** `make bench`: what an event costs, beside bare nft. Runs in network and mount namespaces of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { measureAgent } from './agent.ts';
import { BareNft } from './bare.ts';
import { measureIncremental } from './incremental.ts';
import { buildPolicies } from './policies.ts';
import { Report } from './report.ts';
import { buildCluster } from './workloads.ts';

// As policyd does: what a process must copy to start another follows its size.
setFlagsFromString('--optimize-for-size');

const scale = Number(process.env.BENCH_SCALE ?? 1);
const agent = process.env.BENCH_POLICYD ?? 'policyd';
const rounds = Number(process.env.BENCH_ROUNDS ?? 25);
if (!(scale > 0) || !(rounds > 0)) throw new Error('BENCH_SCALE and BENCH_ROUNDS are numbers above 0');

const directory = await mkdtemp(join(tmpdir(), 'policyd-bench-'));
const report = new Report();
const bare = BareNft.start(directory, new URL('bare.mjs', import.meta.url).pathname);
try {
  const cluster = buildCluster({ pods: 10_000 * scale, policies: 1_000 * scale });
  const policies = buildPolicies(cluster);
  await measureIncremental({ cluster, policies, rounds, bare, report });
  // The agent starts on a node without a table, and reaches its API server by the loopback.
  for (const [command, ...args] of [
    ['nft', 'delete', 'table', 'inet', 'policyd'],
    ['ip', 'link', 'set', 'lo', 'up'],
  ] as const)
    execFileSync(command, args);
  await measureAgent({ program: agent, directory, cluster, policies, rounds, report });
} finally {
  bare.end();
  await rm(directory, { recursive: true, force: true });
  process.stderr.write(`\n${report.tables()}`);
}
