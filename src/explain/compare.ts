/** The three answers to one cell: what the policies mean, what the ruleset does, what became of a packet. */
import type { Cell } from './matrix.ts';

/** A packet that is refused was let through: nothing listens there. */
export function compared(cell: Cell, kernel: Cell['kernel'], packet: NonNullable<Cell['packet']>): Cell {
  const answers: (boolean | null)[] = [
    cell.policies === 'unknown' ? null : cell.policies === 'allowed',
    kernel === null ? null : kernel === 'accept',
    packet === 'error' ? null : packet !== 'blocked',
  ];
  // An answer nobody got is no agreement; a kernel that is not on the way has no say.
  const asked = kernel === null ? [answers[0], answers[2]] : answers;
  const agree = !asked.includes(null) && new Set(asked).size === 1;
  return { ...cell, kernel, packet, agree };
}
