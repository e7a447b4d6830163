/**
 * The machine as changes: looks at links, at the ways to pods and at switches once a second, and tells what
 * differs from the look before. Nothing is decided here.
 */
import type { Machine, MachineChange, MachineSink } from '../machine/change.ts';
import type { Link } from '../machine/link.ts';
import type { SwitchPlace } from '../machine/setting.ts';
import type { Address, Family } from '../model/address.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import type { BridgeHost } from './bridges.ts';
import { hostRoutes, longestPrefix, uplinks } from './routes.ts';

export interface MachineWatchOptions {
  readonly host: BridgeHost;
  readonly clock: Clock;
}

/** How long a bridge that has just come, or was switched off, may go unseen. */
const INTERVAL_MS = 1_000;
const FAMILIES: readonly Family[] = [4, 6];

/** A fact as it was seen: the change that tells it, and text to compare. */
interface Fact {
  readonly change: MachineChange;
  readonly text: string;
}

export class MachineWatch implements Machine {
  readonly #options: MachineWatchOptions;
  #followed: readonly Address[] = [];
  #facts: ReadonlyMap<string, Fact> = new Map();
  #failure: string | null = null;
  #sink: MachineSink | null = null;

  constructor(options: MachineWatchOptions) {
    this.#options = options;
  }

  follow(addresses: readonly Address[]): void {
    this.#followed = addresses;
    this.look();
  }

  async run(sink: MachineSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    while (!signal.aborted) {
      this.look();
      await sleep(this.#options.clock, INTERVAL_MS, signal);
    }
  }

  /** Cheap: a few reads from /proc and /sys. Never throws, and nobody hears of it before `run`. */
  look(): void {
    const sink = this.#sink;
    if (sink === null) return;
    try {
      const facts = this.#read();
      const changes = difference(this.#facts, facts);
      this.#facts = facts;
      this.#failing(null, sink);
      if (changes.length > 0) sink.changed(changes);
    } catch (error) {
      this.#failing(error instanceof Error ? error.message : String(error), sink);
    }
  }

  #failing(message: string | null, sink: MachineSink): void {
    if (message === this.#failure) return;
    this.#failure = message;
    sink.failing(message);
  }

  #read(): ReadonlyMap<string, Fact> {
    const { host } = this.#options;
    const links = host.links();
    const routes = host.routes();
    const changes: readonly MachineChange[] = [
      ...links.map((link): MachineChange => ({ kind: 'link', key: link.name, value: link })),
      ...this.#followed.map(
        (key): MachineChange => ({ kind: 'route', key, value: longestPrefix(routes, key) }),
      ),
      ...[...hostRoutes(routes)].map(([key, value]): MachineChange => ({ kind: 'route', key, value })),
      ...[...uplinks(routes)].map((key): MachineChange => ({ kind: 'uplink', key, value: true })),
      ...switchPlaces(links).flatMap((place) =>
        FAMILIES.map(
          (family): MachineChange => ({
            kind: 'switch',
            key: `${place.kind === 'bridge' ? `bridge ${place.name}` : 'namespace'} ${family}`,
            value: host.state(place, family),
          }),
        ),
      ),
    ];
    return new Map(
      changes.map((change) => [
        `${change.kind} ${change.key}`,
        { change, text: JSON.stringify(change.value) },
      ]),
    );
  }
}

/** Those that rules may rely on; without a bridge nothing does. */
function switchPlaces(links: readonly Link[]): readonly SwitchPlace[] {
  if (links.length === 0) return [];
  const own = links.flatMap(({ kind, name }): readonly SwitchPlace[] =>
    kind === 'unseen' ? [] : [{ kind: 'bridge', name }],
  );
  return [{ kind: 'namespace' }, ...own];
}

function difference(
  before: ReadonlyMap<string, Fact>,
  after: ReadonlyMap<string, Fact>,
): readonly MachineChange[] {
  const gone = [...before].flatMap(([key, { change }]) => (after.has(key) ? [] : [withoutValue(change)]));
  const news = [...after].flatMap(([key, { change, text }]) =>
    before.get(key)?.text === text ? [] : [change],
  );
  return [...gone, ...news];
}

function withoutValue(change: MachineChange): MachineChange {
  switch (change.kind) {
    case 'link':
    case 'route':
    case 'uplink':
      return { ...change, value: null };
    case 'switch':
      return { ...change, value: 'absent' };
  }
}
