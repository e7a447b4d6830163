/** A refusal by the API server, as a status code or as an ERROR event inside a watch. */
export class ApiError extends Error {
  /** The HTTP status code, or the code of the Status object. */
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(status: number, message: string, retryAfterMs: number | null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** The version or the continue token is too old: only a fresh list helps. */
  get expired(): boolean {
    return this.status === 410;
  }
}

/** Broken framing: not JSON, not a list, not an event. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtocolError';
  }
}

/** The events of a watch contradict each other: only a fresh list helps. */
export class OutOfOrderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OutOfOrderError';
  }
}

/** `text` is the body of a Status object if all is well; a proxy may have answered instead. */
export function apiError(status: number, text: string, retryAfterMs: number | null): ApiError {
  return new ApiError(status, `${status} ${statusMessage(text)}`, retryAfterMs);
}

/** Of the object of an ERROR event; without a code it is 410 if its reason says so, else 500. */
export function errorFromStatusObject(object: unknown): ApiError {
  const { code, message, reason, details } = fields(object);
  const expired = reason === 'Expired' || reason === 'Gone';
  const status = typeof code === 'number' ? code : expired ? 410 : 500;
  const seconds = fields(details).retryAfterSeconds;
  return new ApiError(
    status,
    `${status} ${typeof message === 'string' ? message : 'an ERROR event without a message'}`,
    typeof seconds === 'number' && seconds > 0 ? capped(seconds * 1000) : null,
  );
}

/** RFC 9110 10.2.3: seconds or a date. Dates are left out, the API server sends seconds. */
export function retryAfter(header: string | undefined): number | null {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return null;
  return capped(Number(header) * 1000);
}

/** A server cannot switch enforcement updates off for longer than this. */
function capped(milliseconds: number): number {
  return Math.min(milliseconds, 300_000);
}

function statusMessage(text: string): string {
  try {
    const { message } = fields(JSON.parse(text));
    if (typeof message === 'string' && message !== '') return message;
  } catch {
    // Not a Status object: the text itself is the best description.
  }
  return text.trim().replace(/\s+/g, ' ').slice(0, 200) || 'without a message';
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
