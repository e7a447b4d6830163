/**
 * The agent's line in this process, wired as in src/agent/main.ts, with a watch on each step: stores,
 * incremental compiler, plan, the real nft, reconciler.
 */
import { Compiler } from '../../src/compile/compiler.ts';
import { createNft } from '../../src/host/nft.ts';
import { WATCHED, type WatchedResource } from '../../src/kinds/kinds.ts';
import { emptyVersions } from '../../src/kinds/versions.ts';
import { ObjectStore, type StoreSink } from '../../src/kube/object-store.ts';
import type { NftCommand } from '../../src/nft/commands.ts';
import { parseListing } from '../../src/nft/listing.ts';
import type { Ruleset } from '../../src/nft/objects.ts';
import { observe } from '../../src/nft/observe.ts';
import { plan } from '../../src/nft/plan.ts';
import { describeChange } from '../../src/reconcile/cause.ts';
import { Desired } from '../../src/reconcile/desired.ts';
import { Reconciler } from '../../src/reconcile/reconciler.ts';
import { SYSTEM_CLOCK } from '../../src/time/system-clock.ts';
import type { Raw } from './objects.ts';
import { LOCAL_NODE } from './workloads.ts';

export type Kind = WatchedResource;
export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** Milliseconds. */
export interface Sample {
  /** From the text of the event to the word that it is committed. */
  readonly total: number;
  /** And what nothing refers to any more has been taken away. */
  readonly settled: number;
  readonly compile: number;
  readonly plan: number;
  readonly commit: number;
  /** What `total` waited for. */
  readonly transactions: Transactions;
  readonly garbage: Transactions;
}

type Transactions = readonly (readonly NftCommand[])[];

const TABLE: Ruleset['table'] = { family: 'inet', name: 'policyd' };
const complain = (message: string): void => {
  throw new Error(message);
};
const LOG = { debug: () => {}, warn: complain, error: complain };

export class Pipeline {
  readonly #desired: Desired;
  readonly #reconciler: Reconciler;
  readonly #stores: Readonly<Record<Kind, Pick<ObjectStore<Kind>, 'apply' | 'draft' | 'contents'>>>;
  readonly #ended = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #spent = { compile: 0, plan: 0, commit: 0 };
  #transactions: (readonly NftCommand[])[] = [];
  #garbage: (readonly NftCommand[])[] = [];
  #done: () => void = () => {};
  ruleset: Ruleset | null = null;

  constructor() {
    const nft = createNft({ timeoutMs: 60_000 });
    const sink: StoreSink = {
      changed: (changes) => {
        this.#desired.update(changes);
        if (changes.length > 0) this.#reconciler.changed(changes.map(describeChange));
      },
      problems: (object, messages) => {
        for (const message of messages) throw new Error(`${object}: ${message}`);
      },
    };
    this.#stores = {
      nodes: new ObjectStore(WATCHED.nodes, sink),
      namespaces: new ObjectStore(WATCHED.namespaces, sink),
      pods: new ObjectStore(WATCHED.pods, sink),
      networkpolicies: new ObjectStore(WATCHED.networkpolicies, sink),
    };
    this.#desired = new Desired({
      node: LOCAL_NODE,
      configured: [],
      createCompiler: (options) => new Compiler(options),
      contents: () => Object.values(this.#stores).flatMap((store) => store.contents()),
    });
    this.#reconciler = new Reconciler({
      steps: {
        compile: () => this.#timed('compile', () => this.#desired.compile()),
        plan: ({ ruleset }, observed) => {
          this.ruleset = ruleset;
          const result = this.#timed('plan', () => plan(ruleset, observed));
          if (result.batches.length === 0) setImmediate(() => this.#done());
          return result;
        },
        commit: async ({ purpose, commands }) => {
          if (purpose === 'collect') {
            this.#garbage.push(commands);
            return await nft.commit(commands);
          }
          this.#transactions.push(commands);
          const start = performance.now();
          const result = await nft.commit(commands);
          this.#spent.commit += performance.now() - start;
          return result;
        },
        observe: async () => {
          const listing = await nft.listTable(TABLE.family, TABLE.name);
          return listing === null ? null : observe(parseListing(listing), TABLE);
        },
      },
      clock: SYSTEM_CLOCK,
      random: Math.random,
      log: {
        ...LOG,
        info: (message) => {
          if (message === 'committed') this.#done();
        },
      },
      versions: emptyVersions,
    });
  }

  /** The first list of everything, decoded; nothing is compiled yet. */
  list(kind: Kind, objects: Iterable<Raw>): void {
    const draft = this.#stores[kind].draft();
    for (const object of objects) draft.add(object);
    draft.commit('1000');
  }

  /** Compiles and commits what has been listed. */
  async start(): Promise<Sample> {
    return await this.#measure(() => {
      this.#running = this.#reconciler.run(this.#ended.signal);
      this.#reconciler.start();
    });
  }

  /** One event of a watch, as the line of text it arrives as. */
  async event(kind: Kind, line: string): Promise<Sample> {
    return await this.#measure(() => this.#stores[kind].apply([JSON.parse(line)]));
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  async #measure(cause: () => void): Promise<Sample> {
    this.#spent = { compile: 0, plan: 0, commit: 0 };
    this.#transactions = [];
    this.#garbage = [];
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    const start = performance.now();
    cause();
    await done;
    const total = performance.now() - start;
    const spent = this.#spent;
    while (!this.#reconciler.state().inSync) await new Promise((resolve) => setTimeout(resolve, 1));
    return {
      ...spent,
      total,
      settled: performance.now() - start,
      transactions: this.#transactions,
      garbage: this.#garbage,
    };
  }

  #timed<T>(step: 'compile' | 'plan', work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#spent[step] += performance.now() - start;
    }
  }
}
