/** Time as the agent knows it: milliseconds of a monotonic clock, since the wall clock may jump. */
export interface Clock {
  now(): number;
  /** Calls back once after the delay; the result cancels. */
  after(milliseconds: number, callback: () => void): () => void;
  /** Calls back once everything that has already arrived has been handled. */
  soon(callback: () => void): void;
}
