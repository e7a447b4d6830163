import type { DegradationCode } from '../status/status.ts';

/** What ended a cycle early. */
export class Setback extends Error {
  readonly code: DegradationCode;

  constructor(code: DegradationCode, message: string) {
    super(message);
    this.code = code;
  }
}
