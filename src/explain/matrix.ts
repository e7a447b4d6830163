/** Who reaches whom: every pod and the internet, to every pod and the internet, over the ports worth asking. */
import type { Address, Family } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import { DIRECTIONS } from '../model/policy.ts';
import type { Protocol } from '../model/protocol.ts';
import { type End, endName, placesOf } from '../world/place.ts';
import type { Input, World } from '../world/world.ts';
import { API_VERSION, type Verdict } from './explanation.ts';
import { judgeFlow } from './flow.ts';
import { onePort } from './judge.ts';
import { flowBetween, type Route, routeAllowed, routeBetween } from './route.ts';

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
  /** null: not compared, since an end has no address to dial or nobody asked. */
  readonly agree: boolean | null;
  /** Why the policies say `unknown`; null where they do not. */
  readonly why: string | null;
}

/** A cell, and what it takes to check it. */
export interface AskedCell {
  readonly cell: Cell;
  readonly source: End;
  /** null: an end has no address yet. */
  readonly dialled: Address | null;
  /** Ways the connection may take, of which chance takes one. */
  readonly routes: readonly Route[];
}

export interface MatrixScope {
  /** null: all. */
  readonly namespace: string | null;
  /** Where the internet can be dialled. */
  readonly internetPorts: readonly number[];
}

export function askCells(world: World, scope: MatrixScope): readonly AskedCell[] {
  const ends = matrixEnds(world, scope);
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

/** Pods by name, then the internet. */
export function matrixEnds(world: World, { namespace }: Pick<MatrixScope, 'namespace'>): readonly End[] {
  const pods: readonly End[] = [...world.snapshot.pods]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, pod]) => isLive(pod) && (namespace === null || pod.namespace === namespace))
    .map(([, pod]) => ({ kind: 'pod', pod }));
  return [...pods, { kind: 'internet' }];
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
  return placesOf(world, destination).flatMap((to): readonly AskedCell[] => {
    if (!sources.some(({ family }) => family === to.family)) return [];
    const flow = flowBetween(world, source, destination, { family: to.family, ...port });
    const routes =
      flow === null ? [] : [routeBetween(world, { source, destination }, { egress: flow, ingress: flow })];
    const [route] = routes;
    const meaning: Pick<Cell, 'policies' | 'why'> =
      route === undefined
        ? judged(world, source, destination, port, to.family)
        : { policies: routeAllowed(world, route) ? 'allowed' : 'denied', why: null };
    const cell: Cell = {
      source: endName(source),
      destination: endName(destination),
      ...port,
      family: to.family,
      ...meaning,
      ...UNCHECKED,
    };
    return [{ source, dialled: flow?.destination ?? null, routes, cell }];
  });
}

export const UNCHECKED: Pick<Cell, 'kernel' | 'packet' | 'agree'> = {
  kernel: null,
  packet: null,
  agree: null,
};

/** Where an address is not known, as explain judges it. */
function judged(
  world: World,
  source: End,
  destination: End,
  port: CellPort,
  family: Family,
): Pick<Cell, 'policies' | 'why'> {
  const asked = onePort(port.protocol, port.port, null, port.declared);
  const flow = { source, destination, port: asked, via: null, families: null };
  const reports = judgeFlow(world, flow).map((each) => each.report);
  const report = reports.find(({ families }) => families.includes(family));
  if (report !== undefined && report.verdict !== 'unknown') return { policies: report.verdict, why: null };
  const [missing] = (report ?? reports[0])?.missing ?? [];
  return { policies: 'unknown', why: missing?.fact ?? 'an end has no address of this family' };
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
