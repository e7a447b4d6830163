/** policyctl. Answers --version before anything else is loaded; every command loads what it needs itself. */
import { basename } from 'node:path';
import type { Adapter } from '../channel/open.ts';

/** How agents and pods may be reached; each is loaded when a command wants a channel. */
const ADAPTERS: readonly Adapter[] = [async (env) => (await import('../lab/control/client.ts')).openLab(env)];

declare const __POLICYD_VERSION__: string;

const version = typeof __POLICYD_VERSION__ === 'string' ? __POLICYD_VERSION__ : '0.0.0-source';
const args = process.argv.slice(2);

// A reader that went away (`policyctl matrix | head`) ends us quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
  process.exit(2);
});
process.stderr.on('error', () => undefined);

if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`policyctl ${version}\n`);
} else {
  const kubectl = basename(process.argv[1] ?? '').startsWith('kubectl-policyctl');
  const { run } = await import('./program.ts');
  process.exitCode = await run(args, kubectl ? 'kubectl policyctl' : 'policyctl', version, ADAPTERS);
}
