import type { Path } from '../../../model/labels.ts';
import type { FieldProblem } from '../../../model/policy.ts';
import { duplicate } from '../../../policy/decode/problem.ts';
import { canonicalJson, isObject, type Json } from '../json.ts';
import type { Structural } from './structural.ts';

/** Items that a list has twice, though its type tells them apart by value (`set`) or by keys (`map`). */
export function twinProblems(schema: Structural, list: readonly Json[], path: Path): readonly FieldProblem[] {
  if (schema.listType === 'atomic') return [];
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    const identity = schema.listType === 'set' ? item : keysOf(schema, item);
    const text = canonicalJson(identity);
    if (seen.has(text)) return [duplicate([...path, index], identity)];
    seen.add(text);
    return [];
  });
}

function keysOf({ listKeys }: Structural, item: Json): Json {
  if (!isObject(item)) return item;
  return Object.fromEntries(listKeys.map((key) => [key, item[key]]));
}
