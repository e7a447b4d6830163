/**
 * The last known objects of one kind, trimmed. It turns lists and events into changes of the model, and
 * hands on only what makes a difference. Everything here is synchronous: nobody sees half a list.
 */
import type { Identity, ValueOf, WatchedKind, WatchedResource } from '../kinds/kinds.ts';
import type { Change } from '../model/cluster.ts';
import type { FieldProblem } from '../model/policy.ts';
import { formatProblem } from '../policy/decode/problem.ts';
import { OutOfOrderError } from './api-error.ts';
import { equal } from './equal.ts';
import { describeObject, identityOf } from './identity.ts';
import { Pool, pooled } from './pool.ts';
import { isOlder, newest } from './version.ts';

export interface StoreSink {
  /** The changes and the version that now holds; often there are none. */
  changed(changes: readonly Change[], version: string): void;
  /** All that is wrong with an object; empty when nothing is any more. */
  problems(object: string, messages: readonly string[]): void;
}

interface Entry<R extends WatchedResource> {
  readonly identity: Identity;
  readonly version: string;
  readonly value: ValueOf<R>;
}

interface Read<R extends WatchedResource> {
  readonly entry: Entry<R> | null;
  readonly key: string | null;
  readonly object: string;
  readonly messages: readonly string[];
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: unknown;
}

/** A list on its way in; it replaces the store in one step when it is complete. */
export interface Draft {
  add(raw: unknown): void;
  commit(version: string): void;
}

export class ObjectStore<R extends WatchedResource> {
  readonly #kind: WatchedKind<R>;
  readonly #sink: StoreSink;
  readonly #pool = new Pool();
  #entries = new Map<string, Entry<R>>();
  #version = '';

  constructor(kind: WatchedKind<R>, sink: StoreSink) {
    this.#kind = kind;
    this.#sink = sink;
  }

  get size(): number {
    return this.#entries.size;
  }

  get version(): string {
    return this.#version;
  }

  /** Everything in the store, as changes that would build it. */
  contents(): readonly Change[] {
    return [...this.#entries.values()].map(({ identity, value }) => this.#kind.change(identity, value));
  }

  draft(): Draft {
    const entries = new Map<string, Entry<R>>();
    const reports = new Map<string, readonly string[]>();
    return {
      add: (raw) => {
        const read = this.#read(raw);
        reports.set(read.object, read.messages);
        // What can no longer be read stays as it was: forgetting a policy would open its pods.
        const entry = read.entry ?? (read.key === null ? undefined : this.#entries.get(read.key));
        if (entry !== undefined) entries.set(keyOf(entry.identity), entry);
      },
      commit: (version) => this.#replace(entries, reports, version),
    };
  }

  /** The events of one chunk together. */
  apply(events: readonly WatchEvent[]): void {
    const changes: Change[] = [];
    try {
      for (const { type, object } of events) {
        if (type !== 'BOOKMARK') {
          const change = type === 'DELETED' ? this.#remove(object) : this.#put(object);
          if (change !== null) changes.push(change);
        }
        this.#version = newest(this.#version, versionOf(object));
      }
    } finally {
      this.#sink.changed(changes, this.#version);
    }
  }

  #put(raw: unknown): Change | null {
    const { entry, object, messages } = this.#read(raw);
    if (entry === null) {
      this.#sink.problems(object, messages);
      return null;
    }
    const key = keyOf(entry.identity);
    const before = this.#entries.get(key);
    if (before !== undefined && isOlder(entry.version, before.version)) return null;
    // Either new and late, or gone and revived by an event out of order: only a list can tell.
    if (before === undefined && isOlder(entry.version, this.#version)) {
      throw new OutOfOrderError(`${object} came with version ${entry.version}, after ${this.#version}`);
    }
    this.#sink.problems(object, messages);
    const same = before !== undefined && equal(before.value, entry.value);
    this.#entries.set(key, same ? { ...entry, value: before.value } : entry);
    return same ? null : this.#kind.change(entry.identity, entry.value);
  }

  #remove(raw: unknown): Change | null {
    const identity = identityOf(raw);
    if (identity === null) return null;
    const before = this.#entries.get(keyOf(identity));
    if (before === undefined || isOlder(identity.version, before.version)) return null;
    this.#entries.delete(keyOf(identity));
    this.#sink.problems(describeObject(this.#kind.kind, identity), []);
    return this.#kind.change(identity, null);
  }

  #replace(
    entries: Map<string, Entry<R>>,
    reports: ReadonlyMap<string, readonly string[]>,
    version: string,
  ): void {
    const changes: Change[] = [];
    for (const [key, { identity }] of this.#entries) {
      if (entries.has(key)) continue;
      changes.push(this.#kind.change(identity, null));
      this.#sink.problems(describeObject(this.#kind.kind, identity), []);
    }
    for (const [key, entry] of entries) {
      const before = this.#entries.get(key);
      if (before !== undefined && equal(before.value, entry.value)) {
        entries.set(key, { ...entry, value: before.value });
      } else {
        changes.push(this.#kind.change(entry.identity, entry.value));
      }
    }
    for (const [object, messages] of reports) this.#sink.problems(object, messages);
    this.#entries = entries;
    this.#version = version;
    this.#sink.changed(changes, version);
  }

  /** Never throws: one object that cannot be read must not keep the others out. */
  #read(raw: unknown): Read<R> {
    const { kind, resource } = this.#kind;
    const identity = identityOf(raw);
    if (identity === null) {
      const messages = ['ignored: it has no usable metadata.name'];
      return { entry: null, key: null, object: `${kind} without a name`, messages };
    }
    const object = describeObject(kind, identity);
    const { namespace, name, version } = identity;
    try {
      const { value, problems } = this.#kind.decode(raw, 'ignore');
      const messages = problems.map((problem: FieldProblem) => formatProblem(problem));
      const entry =
        value === null
          ? null
          : { identity: { namespace, name }, version, value: pooled(resource, value, this.#pool) };
      return { entry, key: keyOf(identity), object, messages };
    } catch (error) {
      return { entry: null, key: keyOf(identity), object, messages: [`cannot be decoded: ${String(error)}`] };
    }
  }
}

/** Kubernetes names hold no slash. */
function keyOf({ namespace, name }: Identity): string {
  return `${namespace}/${name}`;
}

/** A bookmark has a version and no name. */
function versionOf(object: unknown): string {
  const { metadata } = (object ?? {}) as { metadata?: { resourceVersion?: unknown } };
  return typeof metadata?.resourceVersion === 'string' ? metadata.resourceVersion : '';
}
