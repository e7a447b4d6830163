import type { Json } from '../json.ts';
import type { Shape } from './shape.ts';
import { type Inside, inside, rebuilt } from './walk.ts';

/** The live value with what is applied: fields and items that it does not name stay. */
export function merged(shape: Shape, live: Json | undefined, applied: Json): Json {
  if (live === undefined) return applied;
  const old = inside(shape, live);
  const next = inside(shape, applied);
  if (old === null || next === null || old.kind !== next.kind) return applied;
  const at = (place: string, item: Json): readonly [string, Json] => [
    place,
    merged(next.shapeAt(place), old.at(place), item),
  ];
  if (next.kind === 'fields') {
    const kept = old.entries.map(([place, item]) => {
      const given = next.at(place);
      return given === undefined ? ([place, item] as const) : at(place, given);
    });
    const fresh = next.entries.filter(([place]) => old.at(place) === undefined);
    return rebuilt([...kept, ...fresh], 'fields');
  }
  return rebuilt(interleaved(old, next, at), next.kind);
}

/** Items in the order that is applied; those it does not name keep their place before what stood behind them. */
function interleaved(
  old: Inside,
  next: Inside,
  at: (place: string, item: Json) => readonly [string, Json],
): readonly (readonly [string, Json])[] {
  const result: (readonly [string, Json])[] = [];
  const isNamed = (place: string): boolean => next.at(place) !== undefined;
  let rest = old.entries;
  for (const [place, item] of next.entries) {
    // What is named and stands elsewhere comes in its own turn.
    const here = rest.findIndex(([own]) => own === place);
    const end = here === -1 ? rest.findIndex(([own]) => isNamed(own)) : here;
    const before = rest.slice(0, end === -1 ? rest.length : end);
    for (const each of before) if (!isNamed(each[0])) result.push(each);
    result.push(at(place, item));
    rest = rest.slice(before.length + (here === -1 ? 0 : 1));
  }
  return [...result, ...rest.filter(([own]) => !isNamed(own))];
}
