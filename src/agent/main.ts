/**
 * policyd: configuration, wiring, signals. Guarantees: nothing is written before everything has been
 * listed; however it ends, enforcement stays as it is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { OUR_TABLES } from '../compile/names.ts';
import { createBridgeHost } from '../host/bridges.ts';
import { conntrackUse } from '../host/conntrack.ts';
import { createForeignChanges } from '../host/foreign-changes.ts';
import { ipvsUse } from '../host/ipvs.ts';
import { MachineWatch } from '../host/machine-watch.ts';
import { createNft } from '../host/nft.ts';
import { Revisions } from '../host/revisions.ts';
import { inUserNamespace } from '../host/user-namespace.ts';
import type { FeedFailure } from '../kube/cluster-feed.ts';
import { Failure } from '../model/failure.ts';
import { UNLIMITED, UNPRIVILEGED_LIMITS } from '../nft/batch.ts';
import { logObserver } from '../reconcile/log-observer.ts';
import { loggedDegradations } from '../status/degradations.ts';
import { Problems } from '../status/problems.ts';
import { SYSTEM_CLOCK } from '../time/system-clock.ts';
import { cleanup } from './cleanup.ts';
import { Loop } from './loop.ts';
import { type AgentOptions, program } from './options.ts';
import { preflight } from './preflight.ts';
import { agentStatus } from './status.ts';
import { Surroundings } from './surroundings.ts';
import { Vitals } from './vitals.ts';

declare const __POLICYD_VERSION__: string;

// A third less memory for a start that takes a third more of the processor; events cost the same
// (docs/performance.md).
setFlagsFromString('--optimize-for-size');

/** For `cleanup`. */
const NFT_TIMEOUT_MS = 60_000;
/** How long the end waits for a commit that is under way. */
const LAST_COMMIT_MS = 10_000;

const random = Math.random;

async function run(options: AgentOptions): Promise<void> {
  const { createTransport, loadKubeconfig, ClusterFeed } = await import('../kube/connection.ts');
  const { createLog } = await import('../telemetry/log.ts');
  const { serveHealth } = await import('../telemetry/health.ts');
  const { EventLoop } = await import('../telemetry/event-loop.ts');
  const { node } = options;
  const terminal = process.stderr.isTTY === true;
  const log = await createLog({
    format: options.logFormat,
    level: options.logLevel,
    base: { node, pid: process.pid },
    terminal,
    color: terminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
  });
  const revisions = new Revisions();
  const nft = createNft({ timeoutMs: options.nftTimeoutMs, revisions });
  const kubeconfig = loadKubeconfig({ file: options.kubeconfig, env: process.env });
  const { nftVersion, unchecked } = await preflight(nft);
  if (unchecked !== null) log.warn(`could not check what the kernel knows: ${unchecked}`);

  const surroundings = new Surroundings({ nft, clock: SYSTEM_CLOCK, log, ipvs: () => ipvsUse() });
  void surroundings.look();
  const host = createBridgeHost();
  const loop = new Loop({
    node,
    podCidr: options.podCidr,
    budget: options.budget,
    nft,
    foreignChanges: createForeignChanges({ tables: OUR_TABLES, revisions, clock: SYSTEM_CLOCK, random }),
    limits: (await inUserNamespace()) ? UNPRIVILEGED_LIMITS : UNLIMITED,
    machine: new MachineWatch({ host, clock: SYSTEM_CLOCK }),
    switches: host,
    clock: SYSTEM_CLOCK,
    random,
    tell: logObserver(log),
    elsewhere: () => surroundings.changed(),
    contents: () => feed.contents(),
    versions: () => feed.versions(),
  });
  const eventLoop = new EventLoop();
  const vitals = new Vitals({
    clock: SYSTEM_CLOCK,
    log,
    conntrack: () => conntrackUse(),
    longestDelay: () => eventLoop.takeLongest(),
  });
  vitals.look();
  const problems = new Problems();
  const podRange = loggedDegradations(log);
  const unknownNode = loggedDegradations(log);
  const feed = new ClusterFeed({
    transport: createTransport(kubeconfig, `policyd/${__POLICYD_VERSION__}`),
    clock: SYSTEM_CLOCK,
    random,
    log,
    sink: {
      changed: (changes) => {
        loop.changed(changes);
        if (feed.missing().length === 0) podRange.update(loop.desired.podRanges.degraded);
        unknownNode.update(loop.unknownNode);
      },
      problems: (object, messages) => {
        for (const message of problems.set(object, messages)) log.warn(message, { object });
      },
      listed: () => {
        podRange.update(loop.desired.podRanges.degraded);
        loop.listed();
        unknownNode.update(loop.unknownNode);
      },
      failing: () => loop.failing(oldest(feed.failures())),
    },
  });

  const status = (): ReturnType<typeof agentStatus> =>
    agentStatus({
      node,
      feed,
      loop,
      problems,
      vitals,
      surroundings,
      now: () => SYSTEM_CLOCK.now(),
    });
  const health = options.health === undefined ? null : await serveHealth(options.health, status);
  log.info('policyd starts', {
    version: __POLICYD_VERSION__,
    nft: nftVersion,
    server: kubeconfig.getCurrentCluster()?.server,
    health: health?.address,
  });

  const ended = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info('policyd ends, enforcement stays in place', { signal });
      ended.abort();
    });
  }
  const feeding = feed.run(ended.signal);
  await Promise.race([Promise.all([feeding, loop.run(ended.signal)]), overdue(ended.signal)]);
  await health?.close();
  process.exit(0);
}

/** Nodes say nothing about which pods wait for an address. */
function oldest(failures: readonly FeedFailure[]): number | null {
  const since = failures.flatMap((failure) => (failure.resource === 'nodes' ? [] : [failure.since]));
  return since.toSorted((a, b) => a - b)[0] ?? null;
}

function overdue(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      delay(LAST_COMMIT_MS).then(resolve, resolve);
    });
  });
}

await program(__POLICYD_VERSION__, {
  run,
  cleanup: async () => {
    process.stdout.write(`${await cleanup(createNft({ timeoutMs: NFT_TIMEOUT_MS }))}\n`);
  },
})
  .parseAsync()
  .catch((error: unknown) => {
    const hint = error instanceof Failure && error.hint !== null ? `\n  ${error.hint}` : '';
    const text =
      error instanceof Failure ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`policyd: ${text}${hint}\n`);
    process.exit(2);
  });
