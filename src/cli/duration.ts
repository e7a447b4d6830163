import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
]);

/** `500ms`, `1s`, `1.5s`, `1m` to whole milliseconds, from 1 ms to one minute. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const milliseconds = match ? Math.round(Number(match[1]) * (UNITS.get(match[2] ?? '') ?? 0)) : 0;
  if (milliseconds >= 1 && milliseconds <= 60_000) return milliseconds;
  throw new Failure('USAGE', `${option} ${quoted(text)}: want a duration from 1ms to 1m`, {
    hint: 'as in 500ms, 1s or 1.5s',
  });
}
