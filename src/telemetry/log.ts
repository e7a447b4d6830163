/**
 * pino, written synchronously to standard error: the last line before an exit is never lost. One line of
 * JSON an event, or readable text on a terminal.
 */
import { pino } from 'pino';
import type { Facts, Log } from '../status/log.ts';

export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  /** In every line. */
  readonly base: Facts;
  /** Whether standard error is a terminal. */
  readonly terminal: boolean;
  readonly color: boolean;
}

/** Lines below `level` cost nothing. */
export async function createLog(options: LogOptions): Promise<Log> {
  const pretty = options.format === 'pretty' || (options.format === 'auto' && options.terminal);
  const destination = pretty ? await openPretty(options) : pino.destination({ dest: 2, sync: true });
  const logger = pino(
    {
      level: options.level,
      base: options.base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (message, facts) => logger.debug(facts ?? {}, message),
    info: (message, facts) => logger.info(facts ?? {}, message),
    warn: (message, facts) => logger.warn(facts ?? {}, message),
    error: (message, facts) => logger.error(facts ?? {}, message),
  };
}

async function openPretty({ color, base }: LogOptions): Promise<NodeJS.WritableStream> {
  const { prettyStream } = await import('./pretty.ts');
  return prettyStream(color, Object.keys(base));
}
