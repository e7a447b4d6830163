/** The channel there is from here, if any. */
import { Failure } from '../model/failure.ts';
import type { Channel } from './channel.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** null: this one reaches nothing from an environment like that. */
export type Adapter = (env: Environment) => Promise<Channel | null>;

/** The first that reaches anything. */
export async function openChannel(adapters: readonly Adapter[], env: Environment): Promise<Channel | null> {
  for (const adapter of adapters) {
    const channel = await adapter(env);
    if (channel !== null) return channel;
  }
  return null;
}

/** For a command that cannot do without. */
export function requireChannel(channel: Channel | null): Channel {
  if (channel !== null) return channel;
  throw new Failure('LAB_ABSENT', 'not inside a lab: POLICYD_LAB is not set', {
    hint: 'start one with: policyctl lab run -f FILE -- COMMAND, or enter one with: policyctl lab shell',
  });
}
