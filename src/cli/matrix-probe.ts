/**
 * Every cell three times in the lab: by meaning, by walking the nodes' rulesets, by a real connection.
 * Connections are bounded per source (more in flight time out by themselves), and a timeout is repeated
 * alone before it is held against anybody: only where the policies allow, since elsewhere it contradicts nobody.
 */
import { compared, judgementsOf } from '../explain/compare.ts';
import type { AskedCell, Cell } from '../explain/matrix.ts';
import { LabClient } from '../lab/control/client.ts';
import { MOST_PROBES, type ProbeQuery, type ProbeReport } from '../lab/control/protocol.ts';
import { Failure } from '../model/failure.ts';
import type { World } from '../world/world.ts';
import { parseDuration } from './duration.ts';
import { kernelSource } from './kernel-source.ts';
import { readViews } from './kernel-views.ts';
import { probeSource } from './probe-source.ts';
import { waitForSync } from './sync.ts';
import type { Terminal } from './terminal.ts';

/** How many of one source the lab makes at a time. Measured: 12 gave no false timeout, 40 did. */
const IN_FLIGHT = 12;
/** Less than the lab waits for the turn of a probe. */
const PATIENCE_MS = 45_000;

export interface Probes {
  readonly internetPorts: readonly number[];
  readonly compare: (asked: readonly AskedCell[], world: World) => Promise<readonly Cell[]>;
}

export async function prepareProbes(timeout: string, terminal: Terminal): Promise<Probes> {
  const timeoutMs = parseDuration(timeout, '--timeout');
  const lab = LabClient.fromEnvironment({ ...terminal.env });
  await waitForSync(lab, terminal);
  const { external } = await lab.state();
  return {
    internetPorts: external.ports,
    compare: (asked, world) => compareAll(lab, asked, world, timeoutMs, terminal),
  };
}

async function compareAll(
  lab: LabClient,
  asked: readonly AskedCell[],
  world: World,
  timeoutMs: number,
  terminal: Terminal,
): Promise<readonly Cell[]> {
  const source = kernelSource(terminal);
  if (source === null) throw new Failure('LAB_ABSENT', 'not inside a lab');
  const views = readViews(source, world);
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
      const packets = await probeAll(lab, cells, timeoutMs, repeats);
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

/** All of one source: first together, then the timeouts nobody expects one by one. */
async function probeAll(
  lab: LabClient,
  cells: readonly AskedCell[],
  timeoutMs: number,
  repeats: Repeats,
): Promise<ReadonlyMap<AskedCell, ProbeReport['outcome']>> {
  const outcomes = new Map<AskedCell, ProbeReport['outcome']>();
  const queries = cells.flatMap((cell) => {
    const query = queryOf(cell, timeoutMs);
    return query === null ? [] : [{ cell, query }];
  });
  const turns = Math.max(1, Math.floor(PATIENCE_MS / timeoutMs));
  const size = Math.min(MOST_PROBES, turns * IN_FLIGHT);
  for (let start = 0; start < queries.length; start += size) {
    const some = queries.slice(start, start + size);
    const reports = await lab.probes(some.map(({ query }) => query));
    for (const [index, { cell }] of some.entries()) outcomes.set(cell, reports[index]?.outcome ?? 'error');
  }
  for (const { cell, query } of queries) {
    if (outcomes.get(cell) !== 'blocked' || cell.cell.policies !== 'allowed') continue;
    const { outcome } = await lab.probe(query);
    repeats.made += 1;
    if (outcome !== 'blocked') repeats.answered += 1;
    outcomes.set(cell, outcome);
  }
  return outcomes;
}

function queryOf({ source, dialled, cell }: AskedCell, timeoutMs: number): ProbeQuery | null {
  if (dialled === null) return null;
  const { port, protocol } = cell;
  return { from: probeSource(source), to: { address: dialled, port, protocol }, timeoutMs };
}
