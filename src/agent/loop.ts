/**
 * The one line everything hangs on: snapshot -> resolve -> compile -> plan -> commit -> observe. `Desired` holds
 * the snapshot, compiled as it changes; the reconciler turns the line into a loop. Wired here for the agent and
 * for whoever measures it.
 */
import type { Budget } from '../compile/budget.ts';
import { FRAME_TABLE, OUR_TABLES, SOURCE_TABLE } from '../compile/names.ts';
import { NodeCompiler } from '../compile/node-compiler.ts';
import { objectOf } from '../kinds/kinds.ts';
import type { ResourceVersions } from '../kinds/versions.ts';
import type { Machine, MachineChange } from '../machine/change.ts';
import type { Switches } from '../machine/setting.ts';
import type { Cidr } from '../model/address.ts';
import type { Change } from '../model/cluster.ts';
import { halved, type Limits } from '../nft/batch.ts';
import { sameTable, type Table } from '../nft/commands.ts';
import { parseListing } from '../nft/listing.ts';
import { observe } from '../nft/observe.ts';
import { plan, removal } from '../nft/plan.ts';
import type { ForeignChanges, Nft } from '../nft/port.ts';
import { Blindness } from '../reconcile/blindness.ts';
import { describeChange } from '../reconcile/cause.ts';
import type { KeptTable } from '../reconcile/charge.ts';
import { Desired } from '../reconcile/desired.ts';
import type { LoopObserver } from '../reconcile/events.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { reasonOf, type Setback } from '../reconcile/setback.ts';
import type { Degradation, ObjectProblem } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import { KnownNodes } from './known-nodes.ts';

export interface LoopOptions {
  readonly node: string;
  /** From the command line; they win over the node object. */
  readonly podCidr: readonly Cidr[];
  /** What policies may come to before they are refused. */
  readonly budget: Budget;
  readonly nft: Pick<Nft, 'commit' | 'listTable'>;
  readonly foreignChanges: ForeignChanges;
  readonly limits: Limits;
  readonly machine: Machine;
  readonly switches: Switches;
  readonly clock: Clock;
  readonly random: () => number;
  readonly tell: LoopObserver;
  /** Somebody has changed tables or chains that are not ours. */
  elsewhere(): void;
  /** All objects of the cluster, as changes that would build them, and what has been seen of each kind. */
  contents(): Iterable<Change>;
  versions(): ResourceVersions;
}

export class Loop {
  readonly desired: Desired;
  readonly reconciler: Reconciler;
  readonly #options: LoopOptions;
  readonly #blindness: Blindness;
  readonly #nodes: KnownNodes;
  #listed = false;
  #started = false;
  #unseen: readonly Degradation[] = [];

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#nodes = new KnownNodes(options.node);
    const { node, podCidr, budget, switches, clock, random, tell, contents, versions } = options;
    this.desired = new Desired({
      createCompiler: (blind) => new NodeCompiler({ node, configured: podCidr, blind, budget }),
      contents,
      broken: (error, rebuilds) => tell({ kind: 'compiler-broken', message: reasonOf(error), rebuilds }),
    });
    this.reconciler = new Reconciler({
      tables: keptTables(options),
      switches,
      compile: () => this.desired.compile(),
      clock,
      random,
      tell,
      versions,
    });
    this.#blindness = new Blindness({
      clock,
      changed: (blind) => {
        this.desired.setBlind(blind);
        this.reconciler.changed([
          blind ? 'the cluster cannot be followed' : 'the cluster can be followed again',
        ]);
      },
    });
  }

  /** Changes of the cluster; none: only their versions are newer. */
  changed(changes: readonly Change[]): void {
    if (changes.length === 0) {
      this.reconciler.seen();
      return;
    }
    this.desired.update(changes);
    this.#nodes.update(changes);
    this.#startOnce();
    // A pod that has just got its address may hang on a bridge that came with it.
    if (changes.some((change) => concerns(change, this.#options.node))) {
      this.#options.machine.follow(this.desired.strays);
    }
    this.reconciler.changed(changes.map(describeChange), changes.map(objectOf));
  }

  /** What is to be known of single pods that are not treated like others. */
  get exceptions(): readonly ObjectProblem[] {
    return this.desired.forwarders.map(({ pod, allowed }) => ({
      object: `Pod ${pod.namespace}/${pod.name}`,
      message: allowed
        ? 'may send from any address: policyd.dev/forwards, and its namespace is labelled policyd.dev/may-forward'
        : 'asks by policyd.dev/forwards to send from any address, and may not: its namespace is not labelled policyd.dev/may-forward: "true"',
    }));
  }

  /** Everything has been listed. The kernel is written from then on, if there is a node of this name. */
  listed(): void {
    this.#listed = true;
    this.#startOnce();
  }

  /** Why nothing is enforced anew, or whose node is gone; empty before everything has been listed. */
  get unknownNode(): readonly Degradation[] {
    return this.#listed ? this.#nodes.degraded(this.#started) : [];
  }

  /** When the first of the failures to follow the cluster began, by the clock; null: it is followed. */
  failing(since: number | null): void {
    this.#blindness.update(since);
  }

  /** Why bridges with pods may go unseen. */
  get unseen(): readonly Degradation[] {
    return this.#unseen;
  }

  /** Ends with the signal, after a commit that has begun. */
  async run(signal: AbortSignal): Promise<void> {
    const looking = this.#options.machine.run(
      {
        changed: (changes) => this.#machineChanged(changes),
        failing: (message) => {
          this.#unseen = message === null ? [] : [cannotLook(message)];
        },
      },
      signal,
    );
    const listening = this.#options.foreignChanges.run(
      {
        hearing: (hearing) => this.reconciler.hear(hearing),
        foreign: (change) => this.reconciler.foreign(change),
        lost: (reason) => this.reconciler.lost(reason),
        elsewhere: () => this.#options.elsewhere(),
      },
      signal,
    );
    await Promise.all([looking, listening, this.reconciler.run(signal)]);
  }

  /** A name that no node has is a mistake: tables of the right one must not be taken for nobody's. */
  #startOnce(): void {
    if (this.#started || !this.#listed || !this.#nodes.known) return;
    this.#started = true;
    this.reconciler.start();
  }

  #machineChanged(changes: readonly MachineChange[]): void {
    this.desired.updateMachine(changes);
    this.reconciler.changed(['bridges of pods']);
  }
}

function keptTables({ nft, limits: atFirst }: LoopOptions): readonly KeptTable[] {
  let limits = atFirst;
  return OUR_TABLES.map((table) => ({
    table,
    trouble: (setback): Degradation => troubleOf(table, setback),
    steps: {
      plan: (wanted, observed) =>
        wanted === null ? removal(table, observed) : plan(wanted.ruleset, observed, limits),
      commit: ({ commands }) => nft.commit(commands),
      observe: async () => await observeTable(nft, table),
      shrink: () => {
        limits = halved(limits);
      },
    },
  }));
}

async function observeTable(
  nft: LoopOptions['nft'],
  table: Table,
): ReturnType<KeptTable['steps']['observe']> {
  const listing = await nft.listTable(table.family, table.name);
  return listing === null ? null : observe(parseListing(listing), table);
}

/** What may tell where a pod of this node hangs. */
function concerns(change: Change, node: string): boolean {
  return change.kind === 'pod' ? change.value?.node === node : change.kind === 'node' && change.key === node;
}

function cannotLook(message: string): Degradation {
  return { code: 'BRIDGE_UNFILTERED', message: `cannot look for bridges with pods: ${message}` };
}

function troubleOf(table: Table, { code, message }: Setback): Degradation {
  if (sameTable(table, FRAME_TABLE)) {
    return {
      code: 'BRIDGE_UNGUARDED',
      message: `frames in disguise are not stopped on bridges with pods: ${message}`,
    };
  }
  if (sameTable(table, SOURCE_TABLE)) {
    return {
      code: 'SOURCES_UNGUARDED',
      message: `pods can send from addresses that are not their own: ${message}`,
    };
  }
  return { code, message };
}
