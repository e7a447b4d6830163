import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { LabCommand } from './config.ts';

/** Signals of the terminal reach the command by themselves; the lab outlives them to report its status. */
const TERMINAL_SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const;

/** Runs the user's command with our stdio, passes SIGTERM on, and tells its status (128 + n for signal n). */
export async function runCommand(
  command: LabCommand,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const [program = '', ...args] = command.argv;
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...command.env, ...env },
    stdio: 'inherit',
  });
  const ignore = (): void => undefined;
  const forward = (): void => {
    child.kill('SIGTERM');
  };
  for (const signal of TERMINAL_SIGNALS) process.on(signal, ignore);
  process.on('SIGTERM', forward);
  try {
    return await new Promise((resolve) => {
      child.once('error', (error) => {
        process.stderr.write(`${program}: ${error.message}\n`);
        // As a shell answers: not found, or found and not executable.
        resolve('code' in error && error.code === 'ENOENT' ? 127 : 126);
      });
      child.once('exit', (code, signal) =>
        resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]),
      );
    });
  } finally {
    for (const signal of TERMINAL_SIGNALS) process.off(signal, ignore);
    process.off('SIGTERM', forward);
  }
}
