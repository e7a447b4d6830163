/** The log as a port: what is told, not where it goes. `telemetry` writes it. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  warn(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
}
