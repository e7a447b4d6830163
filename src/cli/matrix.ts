/** policyctl matrix: who reaches whom, and with --probe whether kernel and packets agree. */
import { matrixCsv } from '../explain/csv.ts';
import { askCells, type Matrix, matrixOf } from '../explain/matrix.ts';
import { matrixText } from '../explain/matrix-text.ts';
import { PLAIN } from '../explain/paint.ts';
import { askServiceCells, undialledServices } from '../explain/service-cells.ts';
import { Failure } from '../model/failure.ts';
import { EXIT } from './exit.ts';
import { colourPaint } from './paint.ts';
import type { Terminal } from './terminal.ts';
import { type Loaded, loadWorld } from './world.ts';
import type { WorldOptions } from './world-options.ts';

export interface MatrixOptions extends WorldOptions {
  readonly output: 'text' | 'json' | 'csv';
  readonly allNamespaces?: boolean;
  readonly probe?: boolean;
  readonly services?: boolean;
  readonly timeout: string;
}

/** Prints a matrix and gives the exit code: whether anything disagrees. */
export async function matrixCommand(options: MatrixOptions, terminal: Terminal): Promise<number> {
  const matrix =
    options.probe === true ? await probed(options, terminal) : await predicted(options, terminal);
  terminal.out(format(matrix, options, terminal));
  return matrix.cells.some(({ agree }) => agree === false) ? EXIT.no : EXIT.ok;
}

async function predicted(options: MatrixOptions, terminal: Terminal): Promise<Matrix> {
  if (options.services === true) {
    throw new Failure('USAGE', '--services goes with --probe: only real connections go through Services', {
      hint: 'policyctl matrix --probe --services, in the lab; or policyctl explain SOURCE svc/NAME:PORT',
    });
  }
  const loaded = await loadWorld(options, terminal);
  const asked = askCells(loaded.world, { namespace: scopeOf(options, loaded), internetPorts: [] });
  return matrixOf(
    loaded.world,
    asked.map(({ cell }) => cell),
    false,
  );
}

async function probed(options: MatrixOptions, terminal: Terminal): Promise<Matrix> {
  if ((options.filename ?? []).length > 0) {
    throw new Failure('USAGE', '--probe and -f do not go together: files have no packets', {
      hint: 'policyctl lab run -f FILE -- policyctl matrix --probe',
    });
  }
  const { prepareProbes } = await import('./matrix-probe.ts');
  const probes = await prepareProbes(options.timeout, terminal);
  const loaded = await loadWorld(options, terminal);
  const scope = { namespace: scopeOf(options, loaded), internetPorts: probes.internetPorts };
  const asked = [
    ...askCells(loaded.world, scope),
    ...(options.services === true ? askServiceCells(loaded.world, scope) : []),
  ];
  const undialled = options.services === true ? undialledServices(loaded.world, scope) : [];
  if (undialled.length > 0) terminal.err(`note: not dialled: ${undialled.join(', ')}\n`);
  const dialled = asked.filter((each) => each.dialled !== null).length;
  terminal.err(`note: ${dialled} connections, at most ${probes.atOnce} at once from each end\n`);
  return matrixOf(loaded.world, await probes.compare(asked, loaded.world), true);
}

function scopeOf({ allNamespaces }: MatrixOptions, { named, namespace, world }: Loaded): string | null {
  if (allNamespaces === true || !named) return null;
  if (world.snapshot.namespaces.has(namespace)) return namespace;
  throw new Failure('NAME_UNKNOWN', `no namespace ${namespace}`, { hint: 'leave -n out for all of them' });
}

function format(matrix: Matrix, { output }: MatrixOptions, terminal: Terminal): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(matrix, null, 2)}\n`;
    case 'csv':
      return matrixCsv(matrix);
    case 'text':
      return matrixText(matrix, terminal.colour ? colourPaint : PLAIN);
  }
}
