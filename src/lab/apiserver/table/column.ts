import type { Json, JsonObject, KubeObject } from '../json.ts';

/** One column of a table: what kubectl prints, `wide` only with -o wide. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly wide: boolean;
  readonly cell: (object: KubeObject, now: Date) => Json;
}

/** A column of text that is always shown. */
export function text(name: string, cell: Column['cell']): Column {
  return { name, type: 'string', format: '', description: '', wide: false, cell };
}

/** A column of whole numbers that is always shown. */
export function integer(name: string, cell: (object: KubeObject) => number): Column {
  return { name, type: 'integer', format: '', description: '', wide: false, cell };
}

/** The column, shown with `-o wide` alone. */
export function wide(column: Column): Column {
  return { ...column, wide: true };
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: '',
  wide: false,
  cell: ({ metadata }) => metadata.name,
};

export const ageColumn: Column = text('Age', ({ metadata }, now) => since(metadata.creationTimestamp, now));

/** As a Table describes its column; priority 1 is for `-o wide`. */
export function definition({ name, type, format, description, wide: isWide }: Column): JsonObject {
  return { name, type, format, description, priority: isWide ? 1 : 0 };
}

/** The time between a timestamp and now, as kubectl writes durations. */
export function since(timestamp: Json | undefined, now: Date): string {
  const then = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(then) ? '<unknown>' : duration(now.getTime() - then);
}

/** At most two units, coarser the longer it is: `95s`, `4m10s`, `17m`, `5h20m`, `30h`, `6d4h`, `90d`, `3y12d`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
