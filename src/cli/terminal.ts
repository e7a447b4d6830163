import type { Channel } from '../channel/channel.ts';
import { type Adapter, openChannel } from '../channel/open.ts';

/** Everything a command may touch of the process, so that commands can be run by tests. */
export interface Terminal {
  /** Results only. */
  readonly out: (text: string) => void;
  /** Notices and errors. */
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** stdout is a terminal that shows colour. */
  readonly colour: boolean;
  /** `policyctl` or `kubectl policyctl`. */
  readonly program: string;
  /** How agents and pods are reached from here; null: they are not. */
  readonly channel: () => Promise<Channel | null>;
}

/** This process's own. No adapter is asked before a command wants a channel. */
export function processTerminal(program: string, adapters: readonly Adapter[]): Terminal {
  const { NO_COLOR, TERM } = process.env;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    stdin: process.stdin,
    colour: process.stdout.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb',
    program,
    channel: () => openChannel(adapters, process.env),
  };
}
