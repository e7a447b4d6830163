/** The text of a Matrix: a grid of at most 80 columns, or pairs where a grid would be wider. */
import { largest } from '../model/largest.ts';
import { printable } from '../model/printable.ts';
import type { Verdict } from './explanation.ts';
import { type Grid, type GridColumn, gridOf } from './grid.ts';
import type { Cell, Matrix } from './matrix.ts';
import type { Paint, Tone } from './paint.ts';
import { WIDTH, wrap } from './wrap.ts';

const WIDEST = 20;
const MOST_REASONS = 8;
const MOST_DISAGREEMENTS = 20;

const MARKS: Readonly<Record<Verdict, { readonly mark: string; readonly tone: Tone }>> = {
  allowed: { mark: '.', tone: 'good' },
  denied: { mark: 'X', tone: 'bad' },
  unknown: { mark: '?', tone: 'doubt' },
};

/** With what is unknown and why, disagreements, and a last line of counts. */
export function matrixText(matrix: Matrix, paint: Paint): string {
  const grid = gridOf(matrix.cells);
  const lines =
    grid.columns.length <= WIDEST ? gridLines(grid.rows, grid.columns, paint) : pairLines(matrix, paint);
  const legend = grid.columns.length <= WIDEST ? ['', legendOf(grid)] : [];
  const rest = [...unknownLines(matrix, paint), ...disagreementLines(matrix, paint), lastLine(matrix)];
  return `${[...lines, ...legend, ...rest].join('\n')}\n`;
}

function legendOf({ rows, columns }: Grid): string {
  const blank = columns.some(({ destination, verdicts }) =>
    rows.some((row) => row !== destination && !verdicts.has(row)),
  );
  return `. allow   X deny   ? unknown   # itself${blank ? '   (blank) not asked' : ''}`;
}

function gridLines(rows: readonly string[], columns: readonly GridColumn[], paint: Paint): readonly string[] {
  const cell = columns.length > 9 ? 3 : 2;
  const room = WIDTH - columns.length * cell;
  const short = rows.every((name) => printable(name).length + 1 <= room);
  const labels = rows.map((name, index) => (short ? printable(name) : rowLetter(index)));
  const width = largest(labels.map((label) => label.length)) + 1;
  const head = ' '.repeat(width) + columns.map((_, index) => String(index + 1).padStart(cell)).join('');
  const body = rows.map((row, index) => {
    const marks = columns.map((column) => {
      const value = column.verdicts.get(row);
      if (value === undefined) return ' '.repeat(cell - 1) + (column.destination === row ? '#' : ' ');
      return ' '.repeat(cell - 1) + paint(MARKS[value].mark, MARKS[value].tone);
    });
    return `${(labels[index] ?? '').padEnd(width)}${marks.join('')}`.trimEnd();
  });
  const destinations = columns.map(({ destination }) => printable(destination));
  const name = Math.min(40, largest(destinations.map((text) => text.length)));
  return [
    'from (rows) to (columns)',
    head,
    ...body,
    '',
    ...columns.flatMap(({ label }, index) => {
      const number = `${index + 1}`.padStart(3);
      const text = `${number}  ${(destinations[index] ?? '').padEnd(name)}  ${label}`;
      return wrap(text.replaceAll(' ', '\u00a0').replace(/,\u00a0/g, ', '), {
        indent: ' '.repeat(name + 7),
        first: '',
      }).map((line) => line.replaceAll('\u00a0', ' ').trimEnd());
    }),
    ...(short ? [] : ['', ...rows.map((row, index) => `${rowLetter(index).padStart(3)}  ${printable(row)}`)]),
  ];
}

/** a, b, ... z, aa, ab, ... */
function rowLetter(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : rowLetter(Math.floor(index / 26) - 1) + letter;
}

/** One line per source and destination: the ports that are allowed. */
function pairLines({ cells }: Matrix, paint: Paint): readonly string[] {
  const pairs = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${printable(cell.source)} -> ${printable(cell.destination)}`;
    const known = pairs.get(key);
    if (known) known.push(cell);
    else pairs.set(key, [cell]);
  }
  return [...pairs].flatMap(([pair, all]) => {
    const grid = gridOf(all);
    const words = grid.columns.map(({ label, verdicts }) => {
      const [verdict = 'unknown'] = verdicts.values();
      const word = paint(verdict, MARKS[verdict].tone);
      return label === 'every port' ? word : `${word} on ${label}`;
    });
    const line = `${pair}  ${words.join('; ')}`;
    return line.length <= WIDTH ? [line] : [pair, ...words.map((word) => `    ${word}`)];
  });
}

/** Each reason once, with how many cells it concerns. */
function unknownLines({ cells }: Matrix, paint: Paint): readonly string[] {
  const byReason = new Map<string, Cell[]>();
  for (const cell of cells) {
    if (cell.why === null) continue;
    const known = byReason.get(cell.why);
    if (known) known.push(cell);
    else byReason.set(cell.why, [cell]);
  }
  const reasons = [...byReason].flatMap(([why, [cell, ...others]]) => {
    if (cell === undefined) return [];
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const text = `${cellName(cell)}${more}: ${printable(why)}`;
    const first = `${paint('?', 'doubt')}  `;
    return [wrap(text, { indent: '   ', first, firstWidth: 3 })];
  });
  return capped(reasons, MOST_REASONS, 'reasons');
}

function disagreementLines({ cells }: Matrix, paint: Paint): readonly string[] {
  const found = cells.filter(({ agree }) => agree === false);
  return capped(
    found.map((cell) => disagreement(cell, paint)),
    MOST_DISAGREEMENTS,
    'disagreements',
  );
}

function capped(items: readonly (readonly string[])[], most: number, what: string): readonly string[] {
  const shown = items.slice(0, most).flat();
  return items.length > most
    ? [...shown, `... and ${items.length - most} more ${what}: -o json has all`]
    : shown;
}

function disagreement(cell: Cell, paint: Paint): readonly string[] {
  const kernel = cell.kernel === null ? 'not on the way' : `${cell.kernel}s`;
  return [
    `${paint('DISAGREE', 'bad')}  ${cellName(cell)}`,
    `          policies say ${cell.policies}, the kernel's ruleset ${kernel}, packet ${cell.packet ?? 'not sent'}`,
  ];
}

function cellName({ source, destination, port, protocol, family }: Cell): string {
  return `${printable(source)} -> ${printable(destination)}  ${port}/${protocol} over IPv${family}`;
}

function lastLine({ cells, total, agree }: Matrix): string {
  if (agree !== null) {
    const left = cells.filter((cell) => cell.agree === null).length;
    const rest = left > 0 ? `, ${left} not probed: an end has no address` : '';
    return `${total} cells, ${agree} agree${rest}`;
  }
  const count = (verdict: Verdict): number => cells.filter(({ policies }) => policies === verdict).length;
  const unknown = count('unknown');
  const rest = unknown > 0 ? `, ${unknown} unknown` : '';
  return `${total} cells: ${count('allowed')} allowed, ${count('denied')} denied${rest}`;
}
