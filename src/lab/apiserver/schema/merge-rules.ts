import type { Json } from '../json.ts';
import { merging } from './merging.ts';

/** How the value of a field merges with another, beyond what its type says. */
export interface MergeRule {
  /**
   * Server-side apply: `atomic` is replaced as one value, items of a `set` are told apart by value, those of a
   * `map` by `keys`. `typed`: structs and maps merge, lists are atomic.
   */
  readonly apply: 'typed' | 'atomic' | 'set' | 'map';
  readonly keys: readonly ListKey[];
  /** Strategic merge: the key that tells items apart, `''` for plain values, `null` where a list is replaced. */
  readonly patchKey: string | null;
}

export interface ListKey {
  readonly name: string;
  /** What an item means that does not say; undefined where it must. */
  readonly fallback: Json | undefined;
}

export const typedRule: MergeRule = { apply: 'typed', keys: [], patchKey: null };
const parsed = new Map<string, ReadonlyMap<string, MergeRule>>();

/** For a field of a type; what its type says where the table is silent. */
export function mergeRuleOf(type: string, field: string): MergeRule {
  return rulesOf(type).get(field) ?? typedRule;
}

/** Whether objects of this type are replaced as one value, wherever they stand. */
export function isAtomicType(type: string): boolean {
  return rulesOf(type).get('*')?.apply === 'atomic';
}

function rulesOf(type: string): ReadonlyMap<string, MergeRule> {
  let rules = parsed.get(type);
  if (rules === undefined) {
    const text = Object.hasOwn(merging, type) ? (merging[type] ?? '') : '';
    rules = new Map(text.split(' ').map(ruleOf));
    parsed.set(type, rules);
  }
  return rules;
}

/** `ports:map(port,protocol=TCP)+merge(port)` */
function ruleOf(entry: string): readonly [string, MergeRule] {
  const place = entry.indexOf(':');
  const codes = entry.slice(place + 1).split('+');
  const inside = (name: string): string | null =>
    codes.find((code) => code.startsWith(`${name}(`))?.slice(name.length + 1, -1) ?? null;
  const keys = inside('map');
  const atom = codes.find((code) => code === 'atomic' || code === 'set') ?? 'typed';
  return [
    entry.slice(0, place),
    {
      apply: keys === null ? atom : 'map',
      keys: keys === null ? [] : keys.split(',').map(keyOf),
      patchKey: inside('merge'),
    },
  ];
}

function keyOf(code: string): ListKey {
  const [name = '', fallback] = code.split('=');
  return { name, fallback };
}
