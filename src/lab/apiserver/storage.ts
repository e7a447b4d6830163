import type { KubeObject } from './json.ts';
import type { ResourceName } from './resources.ts';
import { expired } from './status.ts';

/**
 * Revisions, objects and a bounded history in memory: what etcd is to the real server.
 * Knows nothing of what objects mean. Objects are never changed in place, so snapshots are free.
 */
export interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** After the change; for DELETED the last state, carrying the revision of the deletion. */
  readonly object: KubeObject;
  readonly previous: KubeObject | null;
}

export interface Key {
  readonly namespace: string;
  readonly name: string;
}

export interface Snapshot {
  readonly revision: number;
  /** Ordered by namespace, then name. */
  readonly objects: readonly KubeObject[];
}

interface Shelf {
  readonly objects: Map<string, KubeObject>;
  readonly history: Change[];
  readonly followers: Set<(change: Change) => void>;
  /** Changes up to here are forgotten. */
  compacted: number;
  last: number;
  /** The present objects in order, until the next change. */
  sorted: readonly KubeObject[] | null;
}

export class Storage {
  readonly #shelves = new Map<ResourceName, Shelf>();
  readonly #followers = new Set<(resource: ResourceName, change: Change) => void>();
  readonly #historyLimit: number;
  #revision = 1;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get revision(): number {
    return this.#revision;
  }

  lastRevision(resource: ResourceName): number {
    return this.#shelf(resource).last;
  }

  get(resource: ResourceName, key: Key): KubeObject | null {
    return this.#shelf(resource).objects.get(slot(key)) ?? null;
  }

  values(resource: ResourceName): IterableIterator<KubeObject> {
    return this.#shelf(resource).objects.values();
  }

  /** Creates or replaces; the caller has checked versions in the same turn of the event loop. */
  put(resource: ResourceName, object: KubeObject): KubeObject {
    const shelf = this.#shelf(resource);
    const key = slot({ namespace: object.metadata.namespace ?? '', name: object.metadata.name });
    const previous = shelf.objects.get(key) ?? null;
    const stored = this.#stamp(object);
    shelf.objects.set(key, stored);
    this.#record(resource, shelf, {
      type: previous === null ? 'ADDED' : 'MODIFIED',
      object: stored,
      previous,
    });
    return stored;
  }

  /** `last` is the state to report, for deletions that also change the object. */
  remove(resource: ResourceName, key: Key, last: KubeObject | null = null): KubeObject | null {
    const shelf = this.#shelf(resource);
    const previous = shelf.objects.get(slot(key)) ?? null;
    if (previous === null) return null;
    shelf.objects.delete(slot(key));
    const object = this.#stamp(last ?? previous);
    this.#record(resource, shelf, { type: 'DELETED', object, previous });
    return object;
  }

  /** The state at a revision, rebuilt by undoing the history; 410 when that is forgotten. */
  snapshot(resource: ResourceName, revision: number = this.#revision): Snapshot {
    const shelf = this.#shelf(resource);
    if (revision < shelf.compacted) throw tooOld(revision, shelf.compacted);
    if (revision >= shelf.last) {
      shelf.sorted ??= inOrder(shelf.objects);
      return { revision, objects: shelf.sorted };
    }
    const objects = new Map(shelf.objects);
    for (let index = shelf.history.length - 1; index >= 0; index -= 1) {
      const change = shelf.history[index];
      if (change === undefined || change.revision <= revision) break;
      const { namespace = '', name } = change.object.metadata;
      const key = slot({ namespace, name });
      if (change.previous === null) objects.delete(key);
      else objects.set(key, change.previous);
    }
    return { revision, objects: inOrder(objects) };
  }

  /** What happened after a revision; 410 when that is forgotten. */
  changesSince(resource: ResourceName, revision: number): readonly Change[] {
    const shelf = this.#shelf(resource);
    if (revision < shelf.compacted) throw tooOld(revision, shelf.compacted);
    return shelf.history.filter((change) => change.revision > revision);
  }

  /** Calls back inside the write, in order. The callback must not write. Returns how to stop. */
  follow(resource: ResourceName, callback: (change: Change) => void): () => void {
    const { followers } = this.#shelf(resource);
    followers.add(callback);
    return () => {
      followers.delete(callback);
    };
  }

  /** As `follow`, for resources of every kind, also of kinds that come later. */
  followAll(callback: (resource: ResourceName, change: Change) => void): () => void {
    this.#followers.add(callback);
    return () => {
      this.#followers.delete(callback);
    };
  }

  #stamp(object: KubeObject): KubeObject {
    this.#revision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #record(resource: ResourceName, shelf: Shelf, change: Omit<Change, 'revision'>): void {
    const recorded = { ...change, revision: this.#revision };
    shelf.last = this.#revision;
    shelf.sorted = null;
    shelf.history.push(recorded);
    // Cut in blocks: shifting one by one would cost the length of the history each time.
    if (shelf.history.length > 2 * this.#historyLimit) {
      const dropped = shelf.history.splice(0, shelf.history.length - this.#historyLimit);
      shelf.compacted = dropped.at(-1)?.revision ?? shelf.compacted;
    }
    for (const follower of [...shelf.followers]) follower(recorded);
    for (const follower of [...this.#followers]) follower(resource, recorded);
  }

  #shelf(resource: ResourceName): Shelf {
    let shelf = this.#shelves.get(resource);
    if (shelf === undefined) {
      shelf = { objects: new Map(), history: [], followers: new Set(), compacted: 0, last: 1, sorted: null };
      this.#shelves.set(resource, shelf);
    }
    return shelf;
  }
}

function inOrder(objects: ReadonlyMap<string, KubeObject>): readonly KubeObject[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, object]) => object);
}

/** NUL sorts before every legal character, so `a` precedes `a-b` whatever the names are. */
function slot({ namespace, name }: Key): string {
  return `${namespace}\0${name}`;
}

function tooOld(revision: number, compacted: number): Error {
  return expired(`too old resource version: ${revision} (${compacted + 1})`);
}
