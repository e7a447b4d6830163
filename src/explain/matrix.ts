/** Who reaches whom: every pod and the internet, to every pod and the internet, over the ports worth asking. */
import type { Address, Family } from '../model/address.ts';
import { type Pod, podKey } from '../model/cluster.ts';
import { DIRECTIONS } from '../model/policy.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Flow } from '../model/verdict.ts';
import { evaluate } from '../policy/evaluate.ts';
import { API_VERSION, type Input, type Verdict } from './explanation.ts';
import { judgeFlow } from './flow.ts';
import { onePort } from './judge.ts';
import { type End, endName, placesOf } from './place.ts';
import type { World } from './world.ts';

export interface Matrix {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Matrix';
  readonly input: Input;
  readonly cells: readonly Cell[];
  readonly total: number;
  /** With --probe: cells in which policies, kernel and packet agree; null without. */
  readonly agree: number | null;
}

export interface Cell {
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** A container of the destination declares this number. */
  readonly declared: boolean;
  readonly family: Family;
  /** What the policies mean. */
  readonly policies: Verdict;
  /** What the nodes' rulesets do; null: not checked. */
  readonly kernel: 'accept' | 'drop' | null;
  /** What became of a real connection; null: not made. */
  readonly packet: 'connected' | 'refused' | 'blocked' | 'error' | null;
  /** null: not compared. */
  readonly agree: boolean | null;
}

/** A cell, and what it takes to check it. */
export interface AskedCell {
  readonly cell: Cell;
  readonly source: End;
  readonly destination: End;
  /** null: an end has no address yet. */
  readonly flow: Flow | null;
}

export interface MatrixScope {
  /** null: all. */
  readonly namespace: string | null;
  /** Where the internet can be dialled. */
  readonly internetPorts: readonly number[];
}

export function askCells(world: World, scope: MatrixScope): readonly AskedCell[] {
  const pods: readonly End[] = [...world.snapshot.pods]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, pod]) => isLive(pod) && (scope.namespace === null || pod.namespace === scope.namespace))
    .map(([, pod]) => ({ kind: 'pod', pod }));
  const ends: readonly End[] = [...pods, { kind: 'internet' }];
  const undeclared = undeclaredPort(world);
  const outside = outsidePorts(world, scope);
  return ends.flatMap((source) =>
    ends
      .filter((destination) => destination !== source)
      .flatMap((destination) =>
        portsOf(destination, undeclared, outside).flatMap((port) =>
          cellsOf(world, source, destination, port),
        ),
      ),
  );
}

function isLive({ phase }: Pod): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed';
}

interface CellPort {
  readonly protocol: Protocol;
  readonly port: number;
  readonly declared: boolean;
}

/** Declared numbers over TCP and UDP, since a rule for one says nothing of the other, and over SCTP if declared so. */
function portsOf(end: End, undeclared: number, outside: readonly CellPort[]): readonly CellPort[] {
  const other: CellPort = { protocol: 'TCP', port: undeclared, declared: false };
  if (end.kind !== 'pod') return [...outside, other];
  const numbers = [...new Set(end.pod.ports.map(({ port }) => port))].sort((a, b) => a - b);
  const declared = numbers.flatMap((port): readonly CellPort[] => {
    const sctp = end.pod.ports.some((each) => each.port === port && each.protocol === 'SCTP');
    const protocols: readonly Protocol[] = sctp ? ['TCP', 'UDP', 'SCTP'] : ['TCP', 'UDP'];
    return protocols.map((protocol) => ({ protocol, port, declared: true }));
  });
  return [...declared, other];
}

/** Those the internet can be dialled at, and those that rules name towards addresses: a database outside, say. */
function outsidePorts({ snapshot }: World, { internetPorts }: MatrixScope): readonly CellPort[] {
  const found = new Map<string, CellPort>();
  const add = (protocol: Protocol, port: number): void => {
    found.set(`${port}/${protocol}`, { protocol, port, declared: true });
  };
  for (const port of internetPorts.length > 0 ? internetPorts : [443]) add('TCP', port);
  for (const { egress } of snapshot.policies.values()) {
    for (const { peers, ports } of egress ?? []) {
      if (ports.kind === 'any') continue;
      if (peers.kind === 'some' && !peers.peers.some(({ kind }) => kind === 'ipBlock')) continue;
      for (const match of ports.ports) {
        if (match.kind !== 'range' || match.protocol === 'SCTP') continue;
        add(match.protocol, match.first);
        add(match.protocol, match.last);
      }
    }
  }
  return [...found.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** One that no pod declares and no rule names. */
function undeclaredPort(world: World): number {
  const { pods, policies } = world.snapshot;
  const declared = new Set([...pods.values()].flatMap((pod) => pod.ports.map(({ port }) => port)));
  const ranges = [...policies.values()].flatMap((policy) =>
    DIRECTIONS.flatMap((direction) =>
      (policy[direction] ?? []).flatMap(({ ports }) =>
        ports.kind === 'any' ? [] : ports.ports.flatMap((match) => (match.kind === 'range' ? [match] : [])),
      ),
    ),
  );
  for (let port = 9999; port > 1; port--) {
    if (!declared.has(port) && !ranges.some(({ first, last }) => first <= port && port <= last)) return port;
  }
  return 9999;
}

function cellsOf(world: World, source: End, destination: End, port: CellPort): readonly AskedCell[] {
  const sources = placesOf(world, source);
  const cells: AskedCell[] = [];
  for (const to of placesOf(world, destination)) {
    const from = sources.find(({ family }) => family === to.family);
    if (from === undefined) continue;
    const exact = from.among === null && to.among === null;
    const flow = exact ? flowOf(from.address, to.address, port) : null;
    cells.push({
      source,
      destination,
      flow,
      cell: {
        source: endName(source),
        destination: endName(destination),
        ...port,
        family: to.family,
        policies: flow === null ? judged(world, source, destination, port, to.family) : meaning(world, flow),
        kernel: null,
        packet: null,
        agree: null,
      },
    });
  }
  return cells;
}

function flowOf(source: Address, destination: Address, { protocol, port }: CellPort): Flow {
  return { source, destination, transport: { kind: 'ports', protocol, port } };
}

function meaning(world: World, flow: Flow): Verdict {
  return evaluate(world.snapshot, flow).allowance === 'allow' ? 'allowed' : 'denied';
}

/** Where an address is not known, as explain judges it. */
function judged(world: World, source: End, destination: End, port: CellPort, family: Family): Verdict {
  const asked = onePort(port.protocol, port.port, null, port.declared);
  const reports = judgeFlow(world, { source, destination, port: asked, via: null, families: null });
  return reports.find(({ families }) => families.includes(family))?.verdict ?? 'unknown';
}

export function matrixOf(world: World, cells: readonly Cell[], compared: boolean): Matrix {
  const sum = cells.filter(({ agree }) => agree === true).length;
  return {
    apiVersion: API_VERSION,
    kind: 'Matrix',
    input: world.input,
    cells,
    total: cells.length,
    agree: compared ? sum : null,
  };
}

/** The node whose ruleset judges this end: a pod's, if the pod has a network of its own. */
export function enforcingNode(world: World, end: End): string | null {
  if (end.kind !== 'pod' || end.pod.hostNetwork) return null;
  const key = podKey(end.pod.namespace, end.pod.name);
  return world.snapshot.pods.has(key) ? end.pod.node : null;
}
