import type { KubeObject } from './json.ts';
import type { Match } from './selectors.ts';
import type { Change } from './storage.ts';

export type WatchEvent = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly revision: number;
};

export interface ListOptions {
  readonly namespace?: string;
  readonly match?: Match;
}

/** What a change means to somebody who sees only matching objects. */
export function visible(change: Change, options: ListOptions): WatchEvent | null {
  const { object, previous, revision } = change;
  const before = previous !== null && belongs(previous, options);
  if (change.type === 'DELETED') return before ? { type: 'DELETED', object, revision } : null;
  const after = belongs(object, options);
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object, revision };
  if (!before || previous === null) return null;
  // It left the selection: the last matching state, with the revision of the change.
  const left = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(revision) } };
  return { type: 'DELETED', object: left, revision };
}

/** Whether an object is in the namespace (all, for none) and matches. */
export function belongs(object: KubeObject, { namespace, match }: ListOptions): boolean {
  if (namespace !== undefined && namespace !== '' && object.metadata.namespace !== namespace) return false;
  return match === undefined || match(object);
}
