/**
 * The one error class. `code` is stable and documented in docs/errors.md; the message says what was got
 * and where; the hint says what to do.
 */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly hint: string | null;

  constructor(code: FailureCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.code = code;
    this.hint = options.hint ?? null;
  }
}

/** Append-only. */
export type FailureCode =
  | 'INPUT_UNREADABLE'
  | 'INPUT_INVALID'
  | 'NAME_UNKNOWN'
  | 'USAGE'
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_FORBIDDEN'
  | 'NFT_MISSING'
  | 'NFT_FAILED'
  | 'NFT_TIMEOUT'
  | 'NFT_UNREADABLE'
  | 'NFT_UNWRITABLE'
  | 'TOOL_MISSING'
  | 'NAMESPACES_UNAVAILABLE'
  | 'LAB_FAILED'
  | 'LAB_ABSENT'
  | 'INTERNAL'
  | 'NFT_TOO_OLD'
  | 'KERNEL_FEATURE_MISSING'
  | 'NO_ROOM';
