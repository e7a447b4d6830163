/**
 * YAML text to plain values that know where they stand, read as kubectl reads it: YAML 1.1 words (`on`,
 * `yes`), but dates and base-60 numbers stay text. A document that cannot be parsed becomes a problem and
 * the following ones go on. Never throws for any text.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Tags,
  visit,
} from 'yaml';
import type { Path } from '../model/labels.ts';
import { printable } from '../model/printable.ts';
import { locateIn, plainOf } from './node.ts';
import { parsePlain } from './plain.ts';
import type { Position } from './problem.ts';

export type YamlDocument =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /** The value's place; for a block under a key the key's; for what is absent the nearest parent's. */
      readonly locate: (path: Path) => Position;
    }
  | { readonly kind: 'problem'; readonly message: string; readonly at: Position };

/** Never throws; one entry per document or mistake. Lines and columns are of the whole file, from 1. */
export function parseYaml(text: string): readonly YamlDocument[] {
  const documents: YamlDocument[] = [];
  for (const chunk of splitDocuments(text.startsWith('\uFEFF') ? text.slice(1) : text)) {
    const plain = parsePlain(chunk.text, chunk.linesBefore);
    if (plain === null) for (const document of parseInFull(chunk)) documents.push(document);
    else documents.push({ kind: 'value', value: plainOf(plain), locate: (path) => locateIn(plain, path) });
  }
  return documents;
}

export interface Chunk {
  readonly text: string;
  /** Lines of the file before this chunk. */
  readonly linesBefore: number;
}

/**
 * At lines that begin with `---`, before any parsing, as kubectl does: so that an open quote or bracket
 * in one document cannot swallow the next.
 */
export function splitDocuments(text: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  let linesBefore = 0;
  let lines = 0;
  let content = false;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline + 1;
    const marker = text.startsWith('---', at) && (end === at + 3 || /\s/.test(text[at + 3] ?? '\n'));
    if (marker && content) {
      chunks.push({ text: text.slice(start, at), linesBefore });
      start = at;
      linesBefore = lines;
      content = false;
    }
    // A chunk of comments and `%YAML` directives alone belongs to the marker that follows it.
    if (marker || !/^\s*(?:[#%]|$)/.test(text.slice(at, Math.min(end, at + 200)))) content = true;
    lines++;
    at = end;
  }
  if (start < text.length) chunks.push({ text: text.slice(start), linesBefore });
  return chunks;
}

/** kubectl's YAML knows neither of these: the text stays text. */
const UNKNOWN_TAGS = /^tag:yaml\.org,2002:(?:timestamp|binary|omap|pairs|set)$/;

function kubectlTags(tags: Tags): Tags {
  return tags.filter(
    (tag) =>
      typeof tag === 'string' || !(UNKNOWN_TAGS.test(tag.tag) || ('format' in tag && tag.format === 'TIME')),
  );
}

/** Keys are compared as the JSON keys they become: `1` and `"1"` are the same. */
function sameKey(a: unknown, b: unknown): boolean {
  return a === b || (isScalar(a) && isScalar(b) && String(a.value) === String(b.value));
}

const DEEPEST = 200;

/** By the YAML library, whatever is in it. */
export function parseInFull(chunk: Chunk): readonly YamlDocument[] {
  const into: YamlDocument[] = [];
  const lineCounter = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1) + chunk.linesBefore, column: Math.max(col, 1) };
  };
  const problem = (message: string, offset: number): YamlDocument => ({
    kind: 'problem',
    message,
    at: position(offset),
  });
  const deep = tooDeep(chunk.text);
  if (deep !== null) {
    into.push({
      kind: 'problem',
      message: `not readable as YAML: nested deeper than ${DEEPEST} levels`,
      at: { line: deep + chunk.linesBefore, column: 1 },
    });
    return into;
  }
  const parsed = parseAllDocuments(chunk.text, {
    version: '1.1',
    lineCounter,
    prettyErrors: false,
    uniqueKeys: sameKey,
    customTags: kubectlTags,
    logLevel: 'silent',
  });
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const first = document.errors[0];
    if (first !== undefined) {
      into.push(problem(yamlMessage(first.code, first.message, chunk.text, first.pos[0]), first.pos[0]));
      continue;
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
      continue;
    }
    const badKey = firstBadKey(document);
    if (badKey !== null) {
      into.push(problem('not readable as YAML: a key must be a plain value', badKey));
      continue;
    }
    try {
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      into.push({ kind: 'value', value, locate: (path) => position(offsetOf(document, path)) });
    } catch (error) {
      // Aliases that expand without bound, or that name no anchor.
      const reason = error instanceof Error ? error.message : String(error);
      into.push(problem(`not readable as YAML: ${printable(reason)}`, document.contents.range?.[0] ?? 0));
    }
  }
  return into;
}

/** Flow brackets and indentation deeper than any manifest, which would exhaust the parser's stack. */
function tooDeep(text: string): number | null {
  let depth = 0;
  let line = 1;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 10) line++;
    else if (character === 91 || character === 123) depth++;
    else if (character === 93 || character === 125) depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return line;
  }
  return /^(?:- ?|\? ?|: ?|\s){400,}[^\s]/m.test(text) ? 1 : null;
}

function yamlMessage(code: string, message: string, text: string, offset: number): string {
  const line = text.slice(offset).split('\n', 1)[0] ?? '';
  if (code === 'DUPLICATE_KEY') {
    const key = /^("[^"]*"|'[^']*'|[^:\s]+)/.exec(line)?.[0] ?? '';
    return `duplicate key ${printable(key)}: a key may stand only once in an object`;
  }
  if (code === 'TAB_AS_INDENT') return 'not readable as YAML: tabs cannot indent, use spaces';
  const reason = printable(message.replace(/\s+/g, ' ').trim());
  return `not readable as YAML: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`;
}

function firstBadKey(document: Document.Parsed): number | null {
  let bad: number | null = null;
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) || isAlias(pair.key)) return undefined;
      bad = (pair.key as Node | null)?.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return bad;
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const step of path) {
    const resolved: unknown = isAlias(node) ? node.resolve(document) : node;
    if (isSeq(resolved)) {
      node = resolved.items[Number(step)];
      if (node === undefined || isPair(node)) return offset;
      offset = (node as Node).range?.[0] ?? offset;
    } else if (isMap(resolved)) {
      const pair: Pair | undefined = resolved.items.find(
        (item) => isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) return offset;
      node = pair.value;
      offset = pairOffset(pair, offset);
    } else {
      return offset;
    }
  }
  return offset;
}

/** A value written on its key's line stands for itself; a block below the key is found by the key. */
function pairOffset(pair: Pair, otherwise: number): number {
  const key = isScalar(pair.key) ? pair.key.range?.[0] : undefined;
  const value = pair.value as Node | null;
  const block = (isMap(value) || isSeq(value)) && value.flow !== true;
  const empty = isScalar(value) && value.range !== undefined && value.range?.[0] === value.range?.[1];
  if (value === null || block || empty) return key ?? otherwise;
  return value.range?.[0] ?? key ?? otherwise;
}
