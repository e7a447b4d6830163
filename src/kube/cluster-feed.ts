/** A reflector for each watched kind, together, as one source of changes. */
import { WATCHED, WATCHED_RESOURCES, type WatchedResource } from '../kinds/kinds.ts';
import { type ResourceVersions, versionsFrom } from '../kinds/versions.ts';
import type { Change } from '../model/cluster.ts';
import type { Log } from '../status/log.ts';
import type { Clock } from '../time/clock.ts';
import { Reflector, type ReflectorFailure } from './reflector.ts';
import type { Transport } from './transport.ts';

export interface FeedSink {
  changed(changes: readonly Change[]): void;
  problems(object: string, messages: readonly string[]): void;
  /** Every kind has been listed once. */
  listed(): void;
  /** `failures()` may have changed. */
  failing?(): void;
}

export interface FeedOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly sink: FeedSink;
}

export interface FeedFailure extends ReflectorFailure {
  readonly resource: WatchedResource;
  /** When the first of these failures in a row happened, by the clock. */
  readonly since: number;
}

export class ClusterFeed {
  readonly #options: FeedOptions;
  readonly #reflectors: ReadonlyMap<WatchedResource, AnyReflector>;
  readonly #listed = new Set<WatchedResource>();
  readonly #failures = new Map<WatchedResource, FeedFailure>();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#reflectors = new Map(WATCHED_RESOURCES.map((resource) => [resource, this.#reflector(resource)]));
  }

  /** Ends only with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.run(signal)));
  }

  /** Kinds that have not been listed yet. */
  missing(): readonly WatchedResource[] {
    return WATCHED_RESOURCES.filter((resource) => !this.#listed.has(resource));
  }

  failures(): readonly FeedFailure[] {
    return [...this.#failures.values()];
  }

  versions(): ResourceVersions {
    return versionsFrom((resource) => this.#reflectors.get(resource)?.store.version ?? '');
  }

  /** Everything known, as changes that would build it. */
  *contents(): Generator<Change> {
    for (const reflector of this.#reflectors.values()) yield* reflector.store.contents();
  }

  #reflector<R extends WatchedResource>(resource: R): AnyReflector {
    const { transport, clock, random, sink } = this.#options;
    return new Reflector({
      kind: WATCHED[resource],
      transport,
      clock,
      random,
      sink: {
        changed: (changes) => sink.changed(changes),
        problems: (object, messages) => sink.problems(object, messages),
        listed: () => this.#nowListed(resource),
        failing: (failure) => this.#failing(resource, failure),
      },
    });
  }

  #nowListed(resource: WatchedResource): void {
    this.#listed.add(resource);
    this.#options.log.debug('listed', { resource, objects: this.#reflectors.get(resource)?.store.size });
    if (this.missing().length === 0) this.#options.sink.listed();
  }

  #failing(resource: WatchedResource, failure: ReflectorFailure | null): void {
    const { log, clock, sink } = this.#options;
    const before = this.#failures.get(resource);
    if (failure === null) {
      this.#failures.delete(resource);
      log.info('the API server answers again', { resource });
      sink.failing?.();
      return;
    }
    this.#failures.set(resource, { ...failure, resource, since: before?.since ?? clock.now() });
    sink.failing?.();
    // The first of a kind is news; the rest would only fill the log of a long night.
    const news = before?.message !== failure.message || failure.count % 20 === 0;
    log[news ? 'warn' : 'debug'](`cannot follow ${resource}: ${failure.message}`, {
      resource,
      failures: failure.count,
      forSeconds: Math.round((clock.now() - (before?.since ?? clock.now())) / 1000),
      retryInMs: failure.retryInMs,
    });
  }
}

type AnyReflector = Pick<Reflector<never>, 'run'> & {
  readonly store: { readonly version: string; readonly size: number; contents(): readonly Change[] };
};
