import type { Channel } from '../channel/channel.ts';
import { Failure } from '../model/failure.ts';
import type { Terminal } from './terminal.ts';

const TIMEOUT_MS = 120_000;

/** Returns when every policyd has committed what the API server holds now. */
export async function waitForSync(channel: Channel, terminal: Pick<Terminal, 'err'>): Promise<void> {
  const { synced, waitingFor } = await channel.sync(TIMEOUT_MS);
  if (synced) return;
  for (const text of waitingFor) terminal.err(`note: ${text}\n`);
  throw new Failure('LAB_FAILED', `the lab is not in sync after ${TIMEOUT_MS / 1000} s`, {
    hint: 'use --no-wait to go on regardless',
  });
}
