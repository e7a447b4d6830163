/** What has been seen of each watched kind: its newest resource version; empty before the first. */
import { WATCHED_RESOURCES, type WatchedResource } from './kinds.ts';

export type ResourceVersions = Readonly<Record<WatchedResource, string>>;

/** One version for each kind. */
export function versionsFrom(versionOf: (resource: WatchedResource) => string): ResourceVersions {
  const entries = WATCHED_RESOURCES.map((resource) => [resource, versionOf(resource)] as const);
  return Object.fromEntries(entries) as Record<WatchedResource, string>;
}

/** Nothing has been seen yet. */
export function emptyVersions(): ResourceVersions {
  return versionsFrom(() => '');
}
