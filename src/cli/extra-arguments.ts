/** Arguments that a command does not take: whoever wrote them means something, so they are an error. */
import type { Command } from 'commander';
import { Failure } from '../model/failure.ts';
import { quoted } from '../model/printable.ts';

/** A Failure USAGE, whose hint guesses what was meant. */
export function checkArguments(command: Command): void {
  const wanted = command.registeredArguments.map((argument) => argument.name().toUpperCase());
  const extra = command.args.slice(wanted.length);
  const [first] = extra;
  if (first === undefined) return;
  const takes = wanted.length === 0 ? 'no arguments' : wanted.join(' and ');
  // A shell has put many names for one pattern, and only the first of them belongs to -f.
  const files = command.args.some((each) => /\.(?:ya?ml|json)$/.test(each));
  const hint = files
    ? '-f takes one name: give the directory, or -f before each file'
    : (meant(command.args.slice(0, wanted.length), first) ?? '--help shows the usage');
  throw new Failure(
    'USAGE',
    `${command.name()} takes ${takes}: got ${extra.map((each) => quoted(each)).join(' ')} too`,
    { hint },
  );
}

/** A port is written to its destination, not after it. */
function meant(taken: readonly string[], extra: string): string | null {
  const destination = taken[1];
  if (destination === undefined || !/^:?[a-z0-9][-a-z0-9]*(?:\/(?:tcp|udp|sctp))?$/i.test(extra)) return null;
  if (/^[^:]*:[^:]*$|\]:/.test(destination)) return null;
  const bare = destination.includes(':') && !destination.startsWith('[') ? `[${destination}]` : destination;
  return `did you mean ${bare}:${extra.replace(/^:/, '')}?`;
}
