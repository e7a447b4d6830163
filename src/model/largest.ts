/** The largest of the numbers, or `least` where none is larger. Of any many: a call takes about 100,000 arguments. */
export function largest(numbers: Iterable<number>, least = 0): number {
  let most = least;
  for (const number of numbers) if (number > most) most = number;
  return most;
}
