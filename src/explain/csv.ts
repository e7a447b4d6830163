/** A Matrix as CSV (RFC 4180 with line feeds): one line per cell. */
import type { Cell, Matrix } from './matrix.ts';

const COLUMNS = [
  'source',
  'destination',
  'port',
  'protocol',
  'family',
  'declared',
  'policies',
  'kernel',
  'packet',
  'agree',
] as const satisfies readonly (keyof Cell)[];

/** With a header; kernel, packet and agreement only where they were asked for. */
export function matrixCsv({ cells, agree }: Matrix): string {
  const columns = agree === null ? COLUMNS.slice(0, 7) : COLUMNS;
  const lines = cells.map((cell) => columns.map((column) => field(String(cell[column] ?? ''))).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
