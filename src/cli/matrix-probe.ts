/**
 * Every cell three times in the lab: by meaning, by walking the nodes' rulesets, by a real connection.
 * Connections are bounded per source (more in flight time out by themselves), and a timeout is repeated
 * alone before it is held against anybody: where the policies deny, it is what they say already.
 */
import { compared } from '../explain/compare.ts';
import { kernelReport, kernelVerdict, nodesOnTheWay } from '../explain/kernel.ts';
import { type AskedCell, type Cell, enforcingNode } from '../explain/matrix.ts';
import type { World } from '../explain/world.ts';
import { LabClient } from '../lab/control/client.ts';
import type { ProbeReport } from '../lab/control/protocol.ts';
import { Failure } from '../model/failure.ts';
import type { Flow } from '../model/verdict.ts';
import { evaluate } from '../policy/evaluate.ts';
import { parseDuration } from './duration.ts';
import { kernelSource } from './kernel-source.ts';
import { KernelViews } from './kernel-views.ts';
import { probeSource } from './probe-source.ts';
import { waitForSync } from './sync.ts';
import type { Terminal } from './terminal.ts';

/** Measured: 12 in flight per pod gave no false timeout, 40 did. */
const IN_FLIGHT = 12;

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
  const views = new KernelViews(source, world);
  const bySource = new Map<string, AskedCell[]>();
  for (const each of asked) {
    const known = bySource.get(each.cell.source);
    if (known) known.push(each);
    else bySource.set(each.cell.source, [each]);
  }
  const results = new Map<AskedCell, Cell>();
  await Promise.all(
    [...bySource.values()].map(async (cells) => {
      const packets = await probeAll(lab, cells, timeoutMs);
      for (const each of cells) {
        const kernel = await walked(each, world, views);
        results.set(each, compared(each.cell, kernel, packets.get(each) ?? 'error'));
      }
    }),
  );
  return asked.map((each) => results.get(each) ?? each.cell);
}

/** All of one source: first bounded in parallel, then the timeouts nobody expects one by one. */
async function probeAll(
  lab: LabClient,
  cells: readonly AskedCell[],
  timeoutMs: number,
): Promise<ReadonlyMap<AskedCell, ProbeReport['outcome']>> {
  const outcomes = new Map<AskedCell, ProbeReport['outcome']>();
  const queue = [...cells];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      outcomes.set(next, await probeOne(lab, next, timeoutMs));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  for (const each of cells) {
    if (outcomes.get(each) !== 'blocked' || each.cell.policies === 'denied') continue;
    outcomes.set(each, await probeOne(lab, each, timeoutMs));
  }
  return outcomes;
}

async function probeOne(
  lab: LabClient,
  { flow, source }: AskedCell,
  timeoutMs: number,
): Promise<ProbeReport['outcome']> {
  if (flow === null || flow.transport.kind === 'other') return 'error';
  const { protocol, port } = flow.transport;
  const to = { address: flow.destination, port, protocol };
  return (await lab.probe({ from: probeSource(source), to, timeoutMs })).outcome;
}

/** null: no ruleset is on the way. */
async function walked(
  { source, destination, flow, cell }: AskedCell,
  world: World,
  views: KernelViews,
): Promise<Cell['kernel']> {
  const nodes = nodesOnTheWay([enforcingNode(world, source), enforcingNode(world, destination)]);
  if (flow === null || nodes.length === 0 || isNodeLocal(world, flow)) return null;
  return kernelVerdict(kernelReport(flow, await views.of(nodes), cell.policies).nodes);
}

/** Between a pod and its own node, host-network pods there included, nothing passes the forward hook. */
function isNodeLocal(world: World, flow: Flow): boolean {
  const { egress, ingress } = evaluate(world.snapshot, flow);
  return [egress.reason, ingress.reason].includes('ALLOWED_NODE_LOCAL');
}
