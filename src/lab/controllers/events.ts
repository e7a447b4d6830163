import { type KubeObject, numberAt, textAt } from '../apiserver/json.ts';
import type { Store } from '../apiserver/store.ts';
import { timestamp } from '../apiserver/timestamp.ts';

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Who says so: `replicaset-controller`. */
  readonly component: string;
}

/** More events than this in one namespace push out the oldest. */
const keptPerNamespace = 500;

/** Writes an Event about an object; the same words about the same object count up instead. */
export function recordEvent(store: Store, about: KubeObject, text: EventText): void {
  const namespace = about.metadata.namespace ?? 'default';
  const home = store.get('namespaces', { namespace: '', name: namespace });
  if (home === null || home.metadata.deletionTimestamp !== undefined) return;
  const now = timestamp(store.now());
  const events = store.list('events', { namespace }).items;
  const same = events.find(
    (event) =>
      textAt(event, 'involvedObject', 'uid') === about.metadata.uid &&
      textAt(event, 'reason') === text.reason &&
      textAt(event, 'message') === text.message,
  );
  if (same !== undefined) {
    const key = { namespace, name: same.metadata.name };
    store.edit('events', key, (event) => ({
      ...event,
      count: (numberAt(event, 'count') ?? 1) + 1,
      lastTimestamp: now,
    }));
    return;
  }
  forgetOldest(store, events);
  const { apiVersion, kind, metadata } = about;
  store.create('events', {
    metadata: { generateName: `${metadata.name.slice(0, 50)}.`, namespace },
    involvedObject: {
      apiVersion,
      kind,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      name: metadata.name,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
    },
    type: text.type,
    reason: text.reason,
    message: text.message,
    source: { component: text.component },
    reportingComponent: text.component,
    reportingInstance: '',
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
}

function forgetOldest(store: Store, events: readonly KubeObject[]): void {
  if (events.length < keptPerNamespace) return;
  const age = (event: KubeObject): number => Number(event.metadata.resourceVersion);
  const oldest = events.toSorted((a, b) => age(a) - age(b)).slice(0, events.length - keptPerNamespace + 1);
  for (const { metadata } of oldest)
    store.delete('events', { namespace: metadata.namespace ?? '', name: metadata.name });
}
