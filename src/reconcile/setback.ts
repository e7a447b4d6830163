import type { DegradationCode } from '../status/status.ts';

/** What ended a try early. */
export class Setback extends Error {
  readonly code: DegradationCode;

  constructor(code: DegradationCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What was thrown, in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
