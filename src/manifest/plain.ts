/**
 * The YAML that most manifests are made of, read line by line, ten times faster than YAML in full: blocks of
 * plain keys, words, small integers, quoted texts without escapes, one-line flow collections, comments on
 * lines of their own. Whatever is not surely of this kind is null, and read by the full parser. Where this
 * gives a value, the full parser gives the same at the same places (property-tested).
 */
import type { PlacedEntry, PlacedNode } from './node.ts';
import { isKey, plainValue } from './plain-flow.ts';

interface Line {
  /** From 1, in the file. */
  readonly number: number;
  readonly indent: number;
  /** Without indentation and trailing blanks. */
  readonly text: string;
}

interface Cursor {
  readonly lines: readonly Line[];
  at: number;
  depth: number;
}

const DEEPEST = 50;

/** One document, perhaps behind its `---`. */
export function parsePlain(text: string, linesBefore: number): PlacedNode | null {
  if (!/^[\x20-\x7e\n]*$/.test(text)) return null;
  const lines: Line[] = [];
  let number = linesBefore;
  for (const raw of text.split('\n')) {
    number++;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    if (content === '---' && lines.length === 0 && number === linesBefore + 1) {
      if (raw !== '---') return null;
      continue;
    }
    if (content.includes('#') || content === '...') return null;
    lines.push({ number, indent: raw.length - raw.trimStart().length, text: content });
  }
  const [first] = lines;
  if (first === undefined || first.indent !== 0 || first.text.startsWith('- ')) return null;
  const cursor: Cursor = { lines, at: 0, depth: 0 };
  const root = readMap(cursor, 0, null);
  return root !== null && cursor.at === lines.length ? root : null;
}

/** `inner`: the rest of a `- key: value` line stands for the first line. */
function readMap(cursor: Cursor, indent: number, inner: Line | null): PlacedNode | null {
  if (++cursor.depth > DEEPEST) return null;
  const entries = new Map<string, PlacedEntry>();
  let line = inner ?? cursor.lines[cursor.at];
  const at = { line: line?.number ?? 1, column: indent + 1 };
  let pending = inner !== null;
  while (line !== undefined && line.indent === indent) {
    if (!pending) cursor.at++;
    pending = false;
    const colon = line.text.indexOf(':');
    const key = line.text.slice(0, colon);
    if (colon === -1 || !isKey(key) || entries.has(key)) return null;
    const entry = readEntry(cursor, line, colon, indent);
    if (entry === null) return null;
    entries.set(key, entry);
    line = cursor.lines[cursor.at];
    if (line !== undefined && line.indent > indent) return null;
    if (line !== undefined && line.indent === indent && line.text.startsWith('-')) break;
  }
  cursor.depth--;
  return { kind: 'map', at, entries };
}

function readEntry(cursor: Cursor, line: Line, colon: number, indent: number): PlacedEntry | null {
  const key = { line: line.number, column: indent + 1 };
  const rest = line.text.slice(colon + 1);
  if (rest !== '') {
    const text = rest.trimStart();
    if (text.length === rest.length) return null;
    const node = plainValue(text, line.number, indent + 1 + line.text.length - text.length);
    return node === null ? null : { at: node.at, node };
  }
  const below = cursor.lines[cursor.at];
  const list = below?.text.startsWith('- ') === true;
  if (below !== undefined && (below.indent > indent || (below.indent === indent && list))) {
    const node = list ? readList(cursor, below.indent) : readMap(cursor, below.indent, null);
    return node === null ? null : { at: key, node };
  }
  return { at: key, node: { kind: 'scalar', at: key, value: null } };
}

function readList(cursor: Cursor, indent: number): PlacedNode | null {
  if (++cursor.depth > DEEPEST) return null;
  const items: PlacedNode[] = [];
  const at = { line: cursor.lines[cursor.at]?.number ?? 1, column: indent + 1 };
  let line = cursor.lines[cursor.at];
  while (line !== undefined && line.indent === indent && line.text.startsWith('- ')) {
    cursor.at++;
    const item = readItem(cursor, line);
    if (item === null) return null;
    items.push(item);
    line = cursor.lines[cursor.at];
    if (line !== undefined && line.indent > indent) return null;
  }
  cursor.depth--;
  return { kind: 'list', at, items };
}

function readItem(cursor: Cursor, line: Line): PlacedNode | null {
  const text = line.text.slice(2);
  if (text.startsWith(' ') || text.startsWith('-')) return null;
  const indent = line.indent + 2;
  if (/^[A-Za-z][\w./-]*:(?: |$)/.test(text))
    return readMap(cursor, indent, { number: line.number, indent, text });
  return plainValue(text, line.number, indent + 1);
}
