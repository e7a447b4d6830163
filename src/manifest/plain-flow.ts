/** Scalars and one-line flow collections of the plain subset (`plain.ts`). */
import type { PlacedEntry, PlacedNode } from './node.ts';

/** Not a boolean or null in YAML 1.1; colons only inside, never before a blank. */
const WORD = /^[A-Za-z_][\w./@-]*(?::[\w./@-]+)*$/;
const FLOW_WORD = /^[A-Za-z_][\w./-]*$/;
const SPECIAL = /^(?:y|yes|n|no|on|off|true|false|null)$/i;
const INTEGER = /^(?:0|[1-9]\d{0,8})$/;
/** Several dots: no number. */
const DOTTED = /^\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?$/;
const QUOTED = /^(?:"[^"\\]*"|'[^']*')$/;
export const KEY: RegExp = /^[A-Za-z][\w./-]*$/;

/** A key of the plain subset, and no word that YAML takes for something else than text (`true`, `no`). */
export function isKey(text: string): boolean {
  return KEY.test(text) && !SPECIAL.test(text);
}

/** `column` is that of the text's first character. Null: beyond the subset. */
export function plainValue(text: string, line: number, column: number): PlacedNode | null {
  const first = text.charCodeAt(0);
  if (first === 0x7b || first === 0x5b) return flowValue(text, line, column);
  return scalar(text, WORD, line, column);
}

function scalar(text: string, word: RegExp, line: number, column: number): PlacedNode | null {
  const at = { line, column };
  if (word.test(text)) return SPECIAL.test(text) ? null : { kind: 'scalar', at, value: text };
  if (INTEGER.test(text)) return { kind: 'scalar', at, value: Number(text) };
  if (DOTTED.test(text)) return { kind: 'scalar', at, value: text };
  return QUOTED.test(text) ? { kind: 'scalar', at, value: text.slice(1, -1) } : null;
}

/** Quoted texts, brackets, commas, `: ` and words, nothing else. */
const TOKEN = /\s*(?:("[^"\\]*"|'[^']*')|([[\]{},])|(:)(?= )|([^\s[\]{},:"'#&*!|>%@`?]+))/y;

interface Flow {
  readonly text: string;
  readonly line: number;
  readonly column: number;
  at: number;
  depth: number;
}

interface Token {
  readonly text: string;
  readonly start: number;
}

function flowValue(text: string, line: number, column: number): PlacedNode | null {
  const flow: Flow = { text, line, column, at: 0, depth: 0 };
  const node = readFlow(flow);
  return node !== null && flow.at === text.length ? node : null;
}

function next(flow: Flow): Token | null {
  TOKEN.lastIndex = flow.at;
  const match = TOKEN.exec(flow.text);
  if (match === null) return null;
  flow.at = TOKEN.lastIndex;
  const text = match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
  return { text, start: flow.at - text.length };
}

function peek(flow: Flow): string | null {
  const { at } = flow;
  const token = next(flow);
  flow.at = at;
  return token?.text ?? null;
}

const DEEPEST = 20;

function readFlow(flow: Flow): PlacedNode | null {
  const token = next(flow);
  if (token === null) return null;
  const column = flow.column + token.start;
  if (token.text !== '[' && token.text !== '{') {
    const quoted = /^["']/.test(token.text);
    // Quoted text that touches a word is one text to YAML or none.
    if (quoted && /[^\s,\]}]/.test(flow.text.charAt(flow.at))) return null;
    return scalar(token.text, FLOW_WORD, flow.line, column);
  }
  if (flow.depth >= DEEPEST) return null;
  flow.depth++;
  const at = { line: flow.line, column };
  const node = token.text === '[' ? readItems(flow, at) : readEntries(flow, at);
  flow.depth--;
  return node;
}

function readItems(flow: Flow, at: PlacedNode['at']): PlacedNode | null {
  const items: PlacedNode[] = [];
  if (peek(flow) === ']') {
    next(flow);
    return { kind: 'list', at, items };
  }
  for (;;) {
    const item = readFlow(flow);
    const end = next(flow)?.text;
    if (item === null || (end !== ',' && end !== ']')) return null;
    items.push(item);
    if (end === ']') return { kind: 'list', at, items };
  }
}

function readEntries(flow: Flow, at: PlacedNode['at']): PlacedNode | null {
  const entries = new Map<string, PlacedEntry>();
  if (peek(flow) === '}') {
    next(flow);
    return { kind: 'map', at, entries };
  }
  for (;;) {
    const key = next(flow)?.text;
    if (key === undefined || !isKey(key) || entries.has(key) || next(flow)?.text !== ':') return null;
    const node = readFlow(flow);
    const end = next(flow)?.text;
    if (node === null || (end !== ',' && end !== '}')) return null;
    entries.set(key, { at: node.at, node });
    if (end === '}') return { kind: 'map', at, entries };
  }
}
