/** A parsed value with its place, and the rule by which paths are located in it. */
import type { Path } from '../model/labels.ts';
import type { Position } from './problem.ts';

/** `at` is where the value begins; a block begins at its first key or entry. */
export type PlacedNode =
  | { readonly kind: 'scalar'; readonly at: Position; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly PlacedNode[] }
  | { readonly kind: 'map'; readonly at: Position; readonly entries: ReadonlyMap<string, PlacedEntry> };

export interface PlacedEntry {
  /** The value's place; for a block below the key, and for nothing, the key's. */
  readonly at: Position;
  readonly node: PlacedNode;
}

/** The value without its places. */
export function plainOf(node: PlacedNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'map': {
      const value: Record<string, unknown> = {};
      for (const [key, entry] of node.entries) value[key] = plainOf(entry.node);
      return value;
    }
  }
}

/** What is absent is found at its nearest parent. */
export function locateIn(root: PlacedNode, path: Path): Position {
  let node = root;
  let at = root.at;
  for (const step of path) {
    if (node.kind === 'scalar') return at;
    if (node.kind === 'list') {
      const item = node.items[Number(step)];
      if (item === undefined) return at;
      node = item;
      at = item.at;
    } else {
      const entry = node.entries.get(String(step));
      if (entry === undefined) return at;
      node = entry.node;
      at = entry.at;
    }
  }
  return at;
}
