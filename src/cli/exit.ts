/** The exit codes all commands share (docs/errors.md). */
export const EXIT = {
  ok: 0,
  no: 1,
  error: 2,
  unknown: 3,
  refused: 4,
} as const;
