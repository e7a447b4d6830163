/**
 * policyd: configuration, wiring, signals. Guarantees: nothing is written before everything has been
 * listed; however it ends, enforcement stays as it is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Bridged } from '../compile/bridged.ts';
import { Compiler } from '../compile/compiler.ts';
import { createBridgeHost } from '../host/bridges.ts';
import { conntrackUse } from '../host/conntrack.ts';
import { createNft } from '../host/nft.ts';
import { inUserNamespace } from '../host/user-namespace.ts';
import { objectOf } from '../kinds/kinds.ts';
import type { FeedFailure } from '../kube/cluster-feed.ts';
import { LocalPlaces } from '../machine/local-places.ts';
import { Failure } from '../model/failure.ts';
import { halved, type Limits, UNLIMITED, UNPRIVILEGED_LIMITS } from '../nft/batch.ts';
import { parseListing } from '../nft/listing.ts';
import { observe } from '../nft/observe.ts';
import { plan } from '../nft/plan.ts';
import { Blindness } from '../reconcile/blindness.ts';
import { BridgeFilter } from '../reconcile/bridge-filter.ts';
import { describeChange } from '../reconcile/cause.ts';
import { Desired } from '../reconcile/desired.ts';
import { FrameGuard } from '../reconcile/frame-guard.ts';
import { Reconciler, type Steps } from '../reconcile/reconciler.ts';
import { Degradations } from '../status/degradations.ts';
import { Problems } from '../status/problems.ts';
import { SYSTEM_CLOCK } from '../time/system-clock.ts';
import { cleanup } from './cleanup.ts';
import { type AgentOptions, program } from './options.ts';
import { preflight } from './preflight.ts';
import { agentStatus } from './status.ts';
import { TABLE } from './table.ts';
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
  const nft = createNft({ timeoutMs: options.nftTimeoutMs });
  const kubeconfig = loadKubeconfig({ file: options.kubeconfig, env: process.env });
  const { nftVersion, unchecked } = await preflight(nft);
  if (unchecked !== null) log.warn(`could not check what the kernel knows: ${unchecked}`);
  let limits: Limits = (await inUserNamespace()) ? UNPRIVILEGED_LIMITS : UNLIMITED;

  const desired = new Desired({
    node,
    configured: options.podCidr,
    createCompiler: (compileOptions) => new Compiler(compileOptions),
    contents: () => feed.contents(),
  });
  const places = new LocalPlaces({ node, configured: options.podCidr });
  const bridges = new BridgeFilter({ host: createBridgeHost(), log, places: () => places.places });
  const bridged = new Bridged();
  const frames = new FrameGuard({ nft, clock: SYSTEM_CLOCK, random, log });
  // snapshot -> resolve -> compile -> plan -> commit -> observe; `desired` holds the snapshot, compiled as it
  // changes, and the reconciler turns this line into a loop.
  const steps: Steps = {
    compile: () => {
      // A pod that has just got its address may hang on a bridge that came with it.
      if (places.takeMoved()) bridges.check();
      const compiled = bridged.apply(desired.compile(), bridges.bridges);
      frames.want(bridged.closing ? bridges.ports : []);
      return compiled;
    },
    plan: ({ ruleset }, observed) => plan(ruleset, observed, limits),
    shrink: () => {
      limits = halved(limits);
    },
    commit: ({ commands }) => nft.commit(commands),
    observe: async () => {
      const listing = await nft.listTable(TABLE.family, TABLE.name);
      return listing === null ? null : observe(parseListing(listing), TABLE);
    },
  };
  const reconciler = new Reconciler({
    steps,
    clock: SYSTEM_CLOCK,
    random,
    log,
    versions: () => feed.versions(),
  });

  const blindness = new Blindness({
    clock: SYSTEM_CLOCK,
    changed: (blind) => {
      desired.setBlind(blind);
      reconciler.changed([blind ? 'the cluster cannot be followed' : 'the cluster can be followed again']);
    },
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
  const podRange = new Degradations(log);
  const feed = new ClusterFeed({
    transport: createTransport(kubeconfig, `policyd/${__POLICYD_VERSION__}`),
    clock: SYSTEM_CLOCK,
    random,
    log,
    sink: {
      changed: (changes) => {
        places.update(changes);
        desired.update(changes);
        if (feed.missing().length === 0) podRange.update(desired.podRanges.degraded);
        if (changes.length > 0) reconciler.changed(changes.map(describeChange), changes.map(objectOf));
      },
      problems: (object, messages) => {
        for (const message of problems.set(object, messages)) log.warn(message, { object });
      },
      listed: () => {
        podRange.update(desired.podRanges.degraded);
        reconciler.start();
      },
      failing: () => blindness.update(oldest(feed.failures())),
    },
  });

  const status = (): ReturnType<typeof agentStatus> =>
    agentStatus({
      node,
      feed,
      desired,
      reconciler,
      bridges,
      frames,
      problems,
      vitals,
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
  const reconciling = reconciler.run(ended.signal);
  const bridgeTroubles = new Degradations(log);
  const watching = bridges.run(
    SYSTEM_CLOCK,
    (changed) => {
      bridgeTroubles.update([...bridges.degraded, ...frames.degraded]);
      if (changed) reconciler.changed(['bridges of pods']);
    },
    ended.signal,
  );
  await Promise.race([
    Promise.all([feeding, reconciling, watching, frames.run(ended.signal)]),
    overdue(ended.signal),
  ]);
  await health?.close();
  process.exit(0);
}

/** Nodes say nothing about which pods wait for an address. */
function oldest(failures: readonly FeedFailure[]): number | null {
  const since = failures.flatMap((failure) => (failure.resource === 'nodes' ? [] : [failure.since]));
  return since.length > 0 ? Math.min(...since) : null;
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
