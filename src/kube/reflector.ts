/**
 * Keeps an ObjectStore equal to one kind of objects in the API server, for ever: list, watch, and again.
 * Guarantees: the old contents stay until a new list is complete; no error ends it, only the signal;
 * repeated failures never come faster than the backoff; a silent connection is given up.
 */
import { pathOf, type WatchedKind, type WatchedResource } from '../kinds/kinds.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import { ApiError, OutOfOrderError } from './api-error.ts';
import { Deadline } from './deadline.ts';
import { listPages } from './list.ts';
import { ObjectStore, type StoreSink, type WatchEvent } from './object-store.ts';
import type { Transport } from './transport.ts';
import { ANSWER_MS, watchOnce } from './watch.ts';

export interface ReflectorSink extends StoreSink {
  /** The first list is complete. */
  listed(): void;
  /** A try failed and the next comes after the delay; null: all is well again. */
  failing(failure: ReflectorFailure | null): void;
}

export interface ReflectorFailure {
  readonly message: string;
  /** HTTP status when the server answered. */
  readonly status: number | null;
  /** Failures in a row. */
  readonly count: number;
  readonly retryInMs: number;
}

export interface ReflectorOptions<R extends WatchedResource> {
  readonly kind: WatchedKind<R>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sink: ReflectorSink;
}

const FIRST_DELAY_MS = 800;
const LONGEST_DELAY_MS = 30_000;
/** A watch that has lived this long, or brought an event, shows that the server serves us. */
const STEADY_MS = 1_000;
/** A fresh list now and then heals what no rule foresaw. */
const RELIST_MS = 6 * 3_600_000;
/** Refusals in a row after which the version itself is suspected (a restored server may never reach it). */
const REFUSALS_BEFORE_RELIST = 5;

export class Reflector<R extends WatchedResource> {
  readonly #options: ReflectorOptions<R>;
  readonly #store: ObjectStore<R>;
  readonly #backoff: Backoff;
  #needsList = true;
  #everListed = false;
  #relistAt = 0;
  #refusals = 0;
  #failing = false;

  constructor(options: ReflectorOptions<R>) {
    this.#options = options;
    this.#store = new ObjectStore(options.kind, options.sink);
    this.#backoff = new Backoff({
      firstMs: FIRST_DELAY_MS,
      maxMs: LONGEST_DELAY_MS,
      random: options.random,
    });
  }

  get store(): ObjectStore<R> {
    return this.#store;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let delay = 0;
      const deadline = new Deadline(this.#options.clock, signal);
      try {
        if (this.#needsList) await this.#list(deadline);
        await this.#watch(deadline);
      } catch (error) {
        if (signal.aborted) break;
        delay = this.#failed(deadline.expired ? new Error('the API server went silent') : error);
      } finally {
        deadline.end();
      }
      if (delay > 0) await sleep(this.#options.clock, delay, signal);
    }
  }

  async #list(deadline: Deadline): Promise<void> {
    const { transport, kind, clock, random, sink } = this.#options;
    let draft = this.#store.draft();
    let version = '';
    deadline.extend(ANSWER_MS);
    const progress = (): void => deadline.extend(ANSWER_MS);
    for await (const page of listPages(transport, pathOf(kind), deadline.signal, progress)) {
      if ('restart' in page) {
        draft = this.#store.draft();
        continue;
      }
      for (const item of page.items) draft.add(item);
      version = page.resourceVersion;
    }
    draft.commit(version);
    this.#needsList = false;
    this.#refusals = 0;
    this.#relistAt = clock.now() + RELIST_MS * (1 + random());
    if (this.#everListed) return;
    this.#everListed = true;
    sink.listed();
  }

  async #watch(deadline: Deadline): Promise<void> {
    const { transport, kind, clock, random } = this.#options;
    const request = {
      path: pathOf(kind),
      version: this.#store.version,
      timeoutSeconds: 300 + Math.floor(random() * 301),
    };
    let events = 0;
    let cancel = (): void => {};
    const handler = {
      opened: (): void => {
        cancel = clock.after(STEADY_MS, () => this.#steady());
      },
      events: (batch: readonly WatchEvent[]): void => {
        events += batch.length;
        this.#steady();
        this.#store.apply(batch);
      },
    };
    try {
      const lived = await watchOnce(transport, clock, request, handler, deadline);
      if (lived < STEADY_MS && events === 0) {
        throw new Error(`the server ended the watch after ${Math.round(lived)} ms without an event`);
      }
      if (clock.now() >= this.#relistAt) this.#needsList = true;
    } finally {
      cancel();
    }
  }

  #steady(): void {
    this.#backoff.reset();
    this.#refusals = 0;
    if (!this.#failing) return;
    this.#failing = false;
    this.#options.sink.failing(null);
  }

  /** The delay before the next try. */
  #failed(error: unknown): number {
    const refusal = error instanceof ApiError ? error : null;
    const expired = refusal?.expired ?? false;
    this.#refusals = refusal === null ? 0 : this.#refusals + 1;
    if (expired || error instanceof OutOfOrderError || this.#refusals >= REFUSALS_BEFORE_RELIST) {
      this.#needsList = true;
    }
    const first = this.#backoff.failures === 0;
    const backoff = this.#backoff.next();
    // A version that has expired is part of normal life: list at once, but not in a loop.
    if (expired && first) return 0;
    const delay = refusal?.retryAfterMs ?? backoff;
    this.#failing = true;
    this.#options.sink.failing({
      message: describe(error),
      status: refusal?.status ?? null,
      count: this.#backoff.failures,
      retryInMs: Math.round(delay),
    });
    return delay;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A connection tried on several addresses fails with an AggregateError that has no message.
  const inner = error instanceof AggregateError ? error.errors.map(describe).join('; ') : '';
  return error.message || inner || error.name;
}
