export const WIDTH = 80;

/** Of a cell that had to move to its own line. */
const LAST_INDENT = 8;

export interface WrapOptions {
  /** In front of every line but a given first one. */
  readonly indent: string;
  /** Replaces the first line's indent; `firstWidth` is its visible width, colour codes not counted. */
  readonly first?: string;
  readonly firstWidth?: number;
  readonly width?: number;
}

/** Breaks at blanks so that lines stay within 80 columns; a longer word stays whole, to be copied. */
export function wrap(
  text: string,
  { indent, first = indent, firstWidth = first.length, width: limit = WIDTH }: WrapOptions,
): string[] {
  const lines: string[] = [];
  let line = first;
  let width = firstWidth;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && width + 1 + word.length > limit) {
      lines.push(line.trimEnd());
      line = indent;
      width = indent.length;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    width += word.length + (empty ? 0 : 1);
    empty = false;
  }
  lines.push(line.trimEnd());
  return lines;
}

/** Cells in columns of at least these widths, two blanks apart; a last cell that does not fit gets its own line. */
export function columns(
  cells: readonly string[],
  widths: readonly number[],
  indent: string,
): readonly string[] {
  const last = cells.at(-1) ?? '';
  let line = indent;
  cells.slice(0, -1).forEach((cell, index) => {
    line += `${cell.padEnd(widths[index] ?? 0)}  `;
  });
  if (last === '') return [line.trimEnd()];
  if (line.length + last.length <= WIDTH) return [line + last];
  return [line.trimEnd(), ' '.repeat(last.length + LAST_INDENT <= WIDTH ? LAST_INDENT : 2) + last];
}
