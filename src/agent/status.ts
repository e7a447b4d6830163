/** Puts together what /status says. */
import type { ClusterFeed, FeedFailure } from '../kube/cluster-feed.ts';
import type { BridgeFilter } from '../reconcile/bridge-filter.ts';
import type { Desired } from '../reconcile/desired.ts';
import type { FrameGuard } from '../reconcile/frame-guard.ts';
import type { Problems } from '../reconcile/problems.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import type { AgentStatus, Degradation } from '../reconcile/status.ts';

export interface StatusSources {
  readonly node: string;
  readonly feed: ClusterFeed;
  readonly desired: Desired;
  readonly reconciler: Reconciler;
  readonly bridges: BridgeFilter;
  readonly frames: FrameGuard;
  /** Of objects as they came from the cluster. */
  readonly problems: Problems;
  now(): number;
}

/** Watches break and come back in normal life; only a longer silence makes the agent not ready. */
const API_PATIENCE_MS = 10_000;

export function agentStatus(sources: StatusSources): AgentStatus {
  const { node, feed, desired, reconciler, bridges, frames, problems } = sources;
  const bridging = [...bridges.degraded, ...frames.degraded];
  const state = reconciler.state();
  const failures = feed.failures();
  const deaf = failures.some(({ since }) => sources.now() - since > API_PATIENCE_MS);
  const missing = feed.missing();
  return {
    node,
    ready: state.everInSync && state.degraded === null && !deaf && bridging.length === 0,
    inSync: state.inSync && frames.settled,
    revision: state.revision,
    resourceVersions: state.resourceVersions,
    degraded: [
      ...(missing.length > 0
        ? [{ code: 'NOT_LISTED' as const, message: `not listed yet: ${missing.join(', ')}` }]
        : desired.podRanges.degraded),
      ...bridging,
      ...failures.map(apiDegradation),
      ...(state.degraded === null ? [] : [state.degraded]),
    ],
    problems: [...problems.list(), ...reconciler.problems.list()],
    bridges: bridges.status,
    bridgeRepairs: bridges.repairs,
  };
}

export function apiDegradation({ resource, status, message }: FeedFailure): Degradation {
  const text = `cannot follow ${resource}: ${message}`;
  switch (status) {
    case 401:
      return {
        code: 'API_UNAUTHORIZED',
        message: `${text}; the API server does not accept the credentials of the kubeconfig`,
      };
    case 403:
      return {
        code: 'API_FORBIDDEN',
        message: `${text}; policyd needs the verbs list and watch on ${resource}`,
      };
    default:
      return { code: 'API_UNREACHABLE', message: text };
  }
}
