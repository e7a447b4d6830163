/** The agent's own loop in this process, between the stores that events arrive in and the real nft. */
import { Loop } from '../../src/agent/loop.ts';
import { BUDGET } from '../../src/compile/budget.ts';
import { createNft } from '../../src/host/nft.ts';
import { Revisions } from '../../src/host/revisions.ts';
import { WATCHED, type WatchedResource } from '../../src/kinds/kinds.ts';
import { emptyVersions } from '../../src/kinds/versions.ts';
import { ObjectStore, type StoreSink } from '../../src/kube/object-store.ts';
import type { Machine } from '../../src/machine/change.ts';
import type { Switches } from '../../src/machine/setting.ts';
import { UNLIMITED } from '../../src/nft/batch.ts';
import type { NftCommand } from '../../src/nft/commands.ts';
import type { Ruleset } from '../../src/nft/objects.ts';
import type { ForeignChanges, Nft } from '../../src/nft/port.ts';
import type { LoopEvent, Spent } from '../../src/reconcile/events.ts';
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

const NOTHING_SPENT: Spent = { compile: 0, plan: 0, commit: 0 };
const NO_MACHINE: Machine = { follow: () => {}, run: () => Promise.resolve() };
const NO_OTHERS: ForeignChanges = {
  run: async (sink) => {
    sink.hearing({ kind: 'listening' });
  },
};
const NO_SWITCHES: Switches = {
  filterLoaded: () => false,
  state: () => 'absent',
  switchOn: () => 'there are no bridges here',
};

export class Pipeline {
  readonly #loop: Loop;
  readonly #stores: Readonly<Record<Kind, Pick<ObjectStore<Kind>, 'apply' | 'draft' | 'contents'>>>;
  readonly #ended = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #spent = NOTHING_SPENT;
  /** Since the last measurement began; those up to the word are what it waited for. */
  #transactions: (readonly NftCommand[])[] = [];
  #waitedFor = 0;
  #done: () => void = () => {};

  constructor() {
    const sink: StoreSink = {
      changed: (changes) => this.#loop.changed(changes),
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
    this.#loop = new Loop({
      node: LOCAL_NODE,
      podCidr: [],
      budget: BUDGET,
      nft: this.#recorded(createNft({ timeoutMs: 60_000, revisions: new Revisions() })),
      foreignChanges: NO_OTHERS,
      limits: UNLIMITED,
      machine: NO_MACHINE,
      switches: NO_SWITCHES,
      clock: SYSTEM_CLOCK,
      random: Math.random,
      tell: (event) => this.#told(event),
      elsewhere: () => {},
      contents: () => Object.values(this.#stores).flatMap((store) => store.contents()),
      versions: emptyVersions,
    });
  }

  get ruleset(): Ruleset | null {
    return this.#loop.desired.compile().tables[0]?.ruleset ?? null;
  }

  #recorded(nft: Nft): Pick<Nft, 'commit' | 'listTable'> {
    return {
      listTable: nft.listTable,
      commit: (commands) => {
        this.#transactions.push(commands);
        return nft.commit(commands);
      },
    };
  }

  #told(event: LoopEvent): void {
    switch (event.kind) {
      case 'committed':
      case 'adopted':
        if (event.kind === 'committed') this.#spent = event.spent;
        this.#waitedFor = this.#transactions.length;
        this.#done();
        return;
      case 'hearing':
        return;
      default:
        throw new Error(JSON.stringify(event));
    }
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
      this.#running = this.#loop.run(this.#ended.signal);
      this.#loop.reconciler.start();
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
    this.#spent = NOTHING_SPENT;
    this.#transactions = [];
    this.#waitedFor = 0;
    const { reconciler } = this.#loop;
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    const start = performance.now();
    cause();
    // Nothing is told where nothing had to be written.
    await Promise.race([done, inSync(reconciler)]);
    const total = performance.now() - start;
    await inSync(reconciler);
    return {
      ...this.#spent,
      total,
      settled: performance.now() - start,
      transactions: this.#transactions.slice(0, this.#waitedFor),
      garbage: this.#transactions.slice(this.#waitedFor),
    };
  }
}

async function inSync(reconciler: Loop['reconciler']): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 1));
  while (!reconciler.state().inSync);
}
