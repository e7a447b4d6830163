/** Cells to columns: one per destination and port, ports and families folded where they are judged alike. */
import type { Verdict } from './explanation.ts';
import type { Cell } from './matrix.ts';

export interface GridColumn {
  readonly destination: string;
  /** `80/TCP, 80/UDP`, `9999/TCP (undeclared)`, `every port`. */
  readonly label: string;
  /** By source; none for the destination itself. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

export interface Grid {
  readonly rows: readonly string[];
  readonly columns: readonly GridColumn[];
}

interface Slice {
  readonly destination: string;
  readonly port: string;
  readonly declared: boolean;
  readonly family: string;
  readonly verdicts: Map<string, Verdict>;
}

/** Rows are the sources in their order; columns follow that order too, and what is no source comes last. */
export function gridOf(cells: readonly Cell[]): Grid {
  const slices = new Map<string, Slice>();
  for (const cell of cells) {
    const port = `${cell.port}/${cell.protocol}${cell.declared ? '' : ' (undeclared)'}`;
    const key = JSON.stringify([cell.destination, port, cell.family]);
    const slice = slices.get(key) ?? {
      destination: cell.destination,
      port,
      declared: cell.declared,
      family: `IPv${cell.family}`,
      verdicts: new Map<string, Verdict>(),
    };
    slice.verdicts.set(cell.source, cell.policies);
    slices.set(key, slice);
  }
  const rows = [...new Set(cells.map(({ source }) => source))];
  const byDestination = new Map<string, Slice[]>();
  for (const slice of slices.values()) {
    const known = byDestination.get(slice.destination);
    if (known) known.push(slice);
    else byDestination.set(slice.destination, [slice]);
  }
  const order = (name: string): number => (rows.includes(name) ? rows.indexOf(name) : rows.length);
  const destinations = [...byDestination].sort(([a], [b]) => order(a) - order(b));
  return { rows, columns: destinations.flatMap(([, each]) => foldSlices(each)) };
}

interface Group {
  readonly slices: Slice[];
  readonly verdicts: Map<string, Verdict>;
}

/**
 * Ports and families stand together when nobody is judged differently on them; a source that lacks a
 * family has no say about it.
 */
function foldSlices(slices: readonly Slice[]): readonly GridColumn[] {
  const groups: Group[] = [];
  for (const slice of slices) {
    const group = groups.find((each) => agree(each.verdicts, slice.verdicts));
    if (group === undefined) {
      groups.push({ slices: [slice], verdicts: new Map(slice.verdicts) });
      continue;
    }
    group.slices.push(slice);
    for (const [source, verdict] of slice.verdicts) group.verdicts.set(source, verdict);
  }
  const families = new Set(slices.map(({ family }) => family)).size;
  // An undeclared port stands for all others: a Service, which has none, is dialled at the ports it says only.
  const whole = groups.length === 1 && slices.some(({ declared }) => !declared);
  return groups.map((group) => ({
    destination: group.slices[0]?.destination ?? '',
    label: whole ? 'every port' : labelOf(group.slices, families),
    verdicts: group.verdicts,
  }));
}

function agree(a: ReadonlyMap<string, Verdict>, b: ReadonlyMap<string, Verdict>): boolean {
  return [...b].every(([source, verdict]) => (a.get(source) ?? verdict) === verdict);
}

function labelOf(group: readonly Slice[], families: number): string {
  const byPort = new Map<string, string[]>();
  for (const { port, family } of group) {
    const known = byPort.get(port);
    if (known) known.push(family);
    else byPort.set(port, [family]);
  }
  return [...byPort]
    .map(([port, of]) => (of.length === families ? port : `${port} over ${of.join(' and ')}`))
    .join(', ');
}
