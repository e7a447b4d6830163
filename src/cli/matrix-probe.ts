/**
 * Every cell three times: by meaning, by walking the nodes' rulesets, by a real connection. A timeout is repeated
 * alone, and then with patience, before it is held against anybody: only where the policies allow, since elsewhere
 * it contradicts nobody.
 */
import type { Channel } from '../channel/channel.ts';
import { requireChannel } from '../channel/open.ts';
import type { ProbeQuery, ProbeReport } from '../channel/probe.ts';
import { compared, judgementsOf } from '../explain/compare.ts';
import type { AskedCell, Cell } from '../explain/matrix.ts';
import type { World } from '../world/world.ts';
import { parseDuration } from './duration.ts';
import { readViews } from './kernel-views.ts';
import { probeSource } from './probe-source.ts';
import { waitForSync } from './sync.ts';
import type { Terminal } from './terminal.ts';

const LAST_PATIENCE_MS = 10_000;

export interface Probes {
  readonly internetPorts: readonly number[];
  /** Of one source under way at once. */
  readonly atOnce: number;
  readonly compare: (asked: readonly AskedCell[], world: World) => Promise<readonly Cell[]>;
}

/** Waits until all is in sync. `timeout`: of one connection, as typed. LAB_ABSENT where nothing can be dialled. */
export async function prepareProbes(timeout: string, terminal: Terminal): Promise<Probes> {
  const timeoutMs = parseDuration(timeout, '--timeout');
  const channel = requireChannel(await terminal.channel());
  await waitForSync(channel, terminal);
  const { ports } = await channel.internet();
  return {
    internetPorts: ports,
    atOnce: channel.probesAtOnce,
    compare: (asked, world) => compareAll(channel, asked, world, timeoutMs, terminal),
  };
}

async function compareAll(
  channel: Channel,
  asked: readonly AskedCell[],
  world: World,
  timeoutMs: number,
  terminal: Terminal,
): Promise<readonly Cell[]> {
  const views = readViews(channel, world);
  const bySource = new Map<string, AskedCell[]>();
  for (const each of asked) {
    const known = bySource.get(each.cell.source);
    if (known) known.push(each);
    else bySource.set(each.cell.source, [each]);
  }
  const results = new Map<AskedCell, Cell>();
  const repeats = { made: 0, answered: 0 };
  await Promise.all(
    [...bySource.values()].map(async (cells) => {
      const packets = await probeAll(channel, cells, timeoutMs, repeats);
      for (const each of cells) {
        // Nothing to dial: a pod that waits for its address contradicts nobody.
        if (each.dialled === null) continue;
        const judgements = await judgementsOf(world, each, views);
        results.set(each, compared(each.cell, judgements, packets.get(each) ?? 'error'));
      }
    }),
  );
  if (repeats.made > 0) {
    terminal.err(
      `note: ${repeats.made} timeouts repeated alone, ${repeats.answered} of them answered then\n`,
    );
  }
  return asked.map((each) => results.get(each) ?? each.cell);
}

interface Repeats {
  made: number;
  /** False timeouts: this machine was too busy. */
  answered: number;
}

/**
 * All of one source: first together, then the timeouts nobody expects one by one, and what is silent then as well
 * once more, as long as a busy machine may take.
 */
async function probeAll(
  channel: Channel,
  cells: readonly AskedCell[],
  timeoutMs: number,
  repeats: Repeats,
): Promise<ReadonlyMap<AskedCell, ProbeReport['outcome']>> {
  const outcomes = new Map<AskedCell, ProbeReport['outcome']>();
  const queries = cells.flatMap((cell) => {
    const query = queryOf(cell, timeoutMs);
    return query === null ? [] : [{ cell, query }];
  });
  const reports = await channel.probes(queries.map(({ query }) => query));
  for (const [index, { cell }] of queries.entries()) outcomes.set(cell, reports[index]?.outcome ?? 'error');
  const unexpected = (): typeof queries =>
    queries.filter(({ cell }) => outcomes.get(cell) === 'blocked' && cell.cell.policies === 'allowed');
  const silent = unexpected();
  for (const { cell, query } of silent) outcomes.set(cell, (await channel.probe(query)).outcome);
  const stillSilent = unexpected();
  const last = await channel.probes(
    stillSilent.map(({ query }) => ({ ...query, timeoutMs: Math.max(query.timeoutMs, LAST_PATIENCE_MS) })),
  );
  for (const [index, { cell }] of stillSilent.entries()) outcomes.set(cell, last[index]?.outcome ?? 'error');
  repeats.made += silent.length;
  repeats.answered += silent.length - unexpected().length;
  return outcomes;
}

function queryOf({ source, dialled, cell }: AskedCell, timeoutMs: number): ProbeQuery | null {
  if (dialled === null) return null;
  const { port, protocol } = cell;
  return { from: probeSource(source), to: { address: dialled, port, protocol }, timeoutMs };
}
