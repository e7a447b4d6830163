import type { Facts, Log } from '../../src/status/log.ts';

export interface RecordedLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly facts: Facts;
}

/** A log that remembers what it was told. */
export function recordedLog(lines: RecordedLine[]): Log {
  const at =
    (level: keyof Log) =>
    (message: string, facts: Facts = {}): void => {
      lines.push({ level, message, facts });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
