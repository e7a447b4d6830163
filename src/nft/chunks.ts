/** Of at most `size` each, which may be Infinity; none of an empty list. */
export function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  if (list.length === 0) return [];
  if (list.length <= size) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
