/** Measurements as JSON lines on standard output while they come, and as tables on standard error at the end. */
export type Cell = number | string | null;
export type Line = Readonly<Record<string, Cell>> & { readonly name: string };

export class Report {
  readonly #sections: { readonly title: string; readonly lines: Line[] }[] = [];

  section(title: string): void {
    this.#sections.push({ title, lines: [] });
    process.stderr.write(`... ${title}\n`);
  }

  add(line: Line): void {
    this.#sections.at(-1)?.lines.push(line);
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  /** As Markdown, to be copied into docs/performance.md. */
  tables(): string {
    return this.#sections
      .filter(({ lines }) => lines.length > 0)
      .map(({ title, lines }) => `### ${title}\n\n${table(lines)}`)
      .join('\n');
  }
}

function table(lines: readonly Line[]): string {
  const columns = [...new Set(lines.flatMap((line) => Object.keys(line)))];
  const rows = [
    columns.map((column) => (column === 'name' ? '' : column.replaceAll('_', ' '))),
    columns.map((column) => (column === 'name' ? '---' : '---:')),
    ...lines.map((line) => columns.map((column) => text(line[column]))),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function text(cell: Cell | undefined): string {
  if (cell === undefined || cell === null) return '';
  if (typeof cell === 'string') return cell;
  return cell.toLocaleString('en', { maximumFractionDigits: cell < 100 ? 2 : 0 });
}
