/** How errors are shown: `error: what was got and where`, then `hint: what to do`, on stderr. */
import { Failure } from '../model/failure.ts';
import { EXIT } from './exit.ts';
import type { Terminal } from './terminal.ts';

/** Prints the error and gives the exit code. A defect of policyctl shows its stack. */
export function reportError(error: unknown, terminal: Pick<Terminal, 'err' | 'env'>): number {
  if (error instanceof Failure) {
    terminal.err(`error: ${error.message}\n`);
    if (error.hint !== null) terminal.err(`hint: ${error.hint}\n`);
    if (terminal.env.POLICYCTL_DEBUG !== undefined) terminal.err(`${error.code}: ${error.stack ?? ''}\n`);
    return EXIT.error;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.err(`error: this is a defect of policyctl, please report it: ${text}\n`);
  return EXIT.error;
}
