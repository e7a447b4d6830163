import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { Failure } from '../../model/failure.ts';
import { type SupervisorEvent, supervisorEventSchema } from '../supervisor/config.ts';
import type { Progress } from './progress.ts';

/** What became of the lab, as far as its supervisor said so on the event channel. */
export interface SupervisorTalk {
  /** At least one line came: the namespaces stand. */
  readonly spoke: () => boolean;
  /** The environment for commands in the lab; never settles when the channel ends without one. */
  readonly ready: Promise<Readonly<Record<string, string>>>;
  /** The failure the supervisor reported last, if any. */
  readonly failure: () => Failure | null;
  /** Everything that was said has been read: whoever could write is gone. */
  readonly over: Promise<void>;
}

/** Reads the supervisor's events. Lines that are none are told as warnings, never dropped. */
export function listenToSupervisor(channel: Duplex, progress: Progress): SupervisorTalk {
  let spoke = false;
  let failure: Failure | null = null;
  const lines = createInterface({ input: channel });
  const over = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    channel.once('close', () => resolve());
  });
  const ready = new Promise<Readonly<Record<string, string>>>((resolve) => {
    lines.on('line', (line) => {
      const event = parseEvent(line);
      if (event === null) {
        progress.warn(`the lab said: ${line}`);
        return;
      }
      switch (event.event) {
        case 'progress':
          // The first line comes from PID 1 and is for this process, not for the user.
          if (spoke) progress.step(event.message);
          break;
        case 'warning':
          progress.warn(event.message);
          break;
        case 'ready':
          resolve(event.env);
          break;
        case 'failed':
          failure = new Failure('LAB_FAILED', event.message, event.hint === null ? {} : { hint: event.hint });
          break;
        case 'exited':
          break;
      }
      spoke = true;
    });
  });
  return { spoke: () => spoke, ready, failure: () => failure, over };
}

function parseEvent(line: string): SupervisorEvent | null {
  try {
    return supervisorEventSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
