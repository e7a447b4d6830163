/** Puts together what /status says. */

import { groupOf, WATCHED } from '../kinds/kinds.ts';
import type { ClusterFeed, FeedFailure } from '../kube/cluster-feed.ts';
import { largest } from '../model/largest.ts';
import type { Problems } from '../status/problems.ts';
import type { AgentStatus, Degradation, DegradationCode } from '../status/status.ts';
import type { Loop } from './loop.ts';
import type { Surroundings } from './surroundings.ts';
import type { Vitals } from './vitals.ts';

export interface StatusSources {
  readonly node: string;
  readonly feed: ClusterFeed;
  readonly loop: Loop;
  readonly vitals: Vitals;
  readonly surroundings: Surroundings;
  /** Of objects as they came from the cluster. */
  readonly problems: Problems;
  now(): number;
}

/** Watches break and come back in normal life; only a longer silence makes the agent not ready. */
const API_PATIENCE_MS = 10_000;

/** What /status says at this moment. */
export function agentStatus(sources: StatusSources): AgentStatus {
  const { node, feed, loop, problems, vitals, surroundings } = sources;
  const state = loop.reconciler.state();
  const { unknownNode } = loop;
  const hindered = [...unknownNode, ...loop.unseen, ...surroundings.degraded, ...state.degraded];
  const failures = feed.failures();
  const deaf = failures.some(({ since }) => sources.now() - since > API_PATIENCE_MS);
  const missing = feed.missing();
  return {
    node,
    ready: state.everInSync && state.verified && !hindered.some(hinders) && !deaf,
    inSync: state.inSync,
    verified: state.verified,
    repairs: state.repairs,
    revision: state.revision,
    resourceVersions: state.resourceVersions,
    staleSeconds: largest(failures.map(({ since }) => Math.round((sources.now() - since) / 1000))),
    degraded: [
      ...(missing.length > 0
        ? [
            {
              code: 'NOT_LISTED' as const,
              message: `not listed yet: ${missing.join(', ')}; nothing is written before that`,
            },
          ]
        : loop.desired.podRanges.degraded),
      ...hindered,
      ...failures.map((failure) => apiDegradation(failure, sources.now())),
      ...vitals.degraded,
    ],
    problems: [...problems.list(), ...state.problems, ...loop.exceptions],
    conntrack: vitals.conntrack,
    eventLoopDelayMs: vitals.eventLoopDelayMs,
    bridges: state.bridges,
    bridgeRepairs: state.bridgeRepairs,
    otherChains: surroundings.chains,
  };
}

/** Where others' changes are not heard of, tables are read the more often: that is enough to be ready. */
function hinders({ code }: Degradation): boolean {
  return code !== 'CHANGES_UNHEARD';
}

/** A kind that cannot be followed, with what an administrator can do about it; `now` by the clock of `since`. */
export function apiDegradation(failure: FeedFailure, now: number): Degradation {
  const { resource, message, since } = failure;
  const seconds = Math.round((now - since) / 1000);
  const text = `cannot follow ${resource} for ${seconds} s, what is known stays enforced: ${message}`;
  return { code: codeOf(failure), message: `${text}${advice(failure)}` };
}

function codeOf({ status, message }: FeedFailure): DegradationCode {
  if (status === 401) return 'API_UNAUTHORIZED';
  if (status === 403) return 'API_FORBIDDEN';
  return isUntrusted(message) ? 'API_UNTRUSTED' : 'API_UNREACHABLE';
}

/** As OpenSSL and Node say that a certificate does not prove who answers. */
function isUntrusted(message: string): boolean {
  return /certificate|altnames|self.signed|unable to get (local )?issuer/i.test(message);
}

function advice(failure: FeedFailure): string {
  const { resource } = failure;
  switch (codeOf(failure)) {
    case 'API_UNAUTHORIZED':
      return '; the API server does not accept the credentials of the kubeconfig: renew them (a token file is read again for each request)';
    case 'API_FORBIDDEN':
      return `; policyd needs this rule in its ClusterRole: apiGroups: ["${groupOf(WATCHED[resource])}"], resources: ["${resource}"], verbs: ["list", "watch"]`;
    case 'API_UNTRUSTED':
      return '; compare certificate-authority of the kubeconfig with the certificate of the server';
    default:
      return '';
  }
}
