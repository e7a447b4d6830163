/** Who reaches whom: every pod and the internet, to every pod and the internet, over the ports worth asking. */
import type { Address, Family } from '../model/address.ts';
import type { Pod } from '../model/cluster.ts';
import type { Protocol } from '../model/protocol.ts';
import { type End, endName, placesOf } from '../world/place.ts';
import type { Input, World } from '../world/world.ts';
import { API_VERSION, type Verdict } from './explanation.ts';
import { judgeFlow } from './flow.ts';
import { onePort } from './judge.ts';
import { type CellPort, type MatrixScope, outsidePorts, portsOf, undeclaredPort } from './matrix-ports.ts';
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

/** Every pair of ends, port and family, judged by the policies and not yet compared with anything. */
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

/** `compared`: the cells were checked against kernel and packets, so that agreement is counted. */
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
