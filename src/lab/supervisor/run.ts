import { Failure } from '../../model/failure.ts';
import { buildLab } from './build.ts';
import { runCommand } from './command.ts';
import { LAB_FAILED_STATUS, type SupervisorConfig } from './config.ts';
import type { EventChannel } from './events.ts';

/**
 * A lab's life: build, wait until in sync, tell, run the command or stay, and say with which status to
 * exit. Nothing is torn down: the end of the pid namespace ends every process, and with the last process
 * the network namespaces go.
 */
export async function runSupervisor(config: SupervisorConfig, events: EventChannel): Promise<number> {
  const asked = stopAsked(events);
  try {
    const ready = await Promise.race([becomeReady(config, events), asked.then(() => null)]);
    if (ready === null) return 0;
    events.send({ event: 'ready', env: ready });
    if (config.command === null) {
      await asked;
      return 0;
    }
    const launcherGone = events.closed.then(() => LAB_FAILED_STATUS);
    const status = await Promise.race([runCommand(config.command, ready), launcherGone]);
    events.send({ event: 'exited', status });
    return status;
  } catch (error) {
    const hint = error instanceof Failure ? error.hint : null;
    events.send({ event: 'failed', message: messageOf(error), hint });
    return LAB_FAILED_STATUS;
  }
}

async function becomeReady(
  config: SupervisorConfig,
  events: EventChannel,
): Promise<Readonly<Record<string, string>>> {
  const began = performance.now();
  const { lab, env } = await buildLab(config, events);
  const { synced, waitingFor } = await lab.sync(config.readyTimeoutMs);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  if (!synced) {
    throw new Failure('LAB_FAILED', `not in sync after ${seconds} s:\n${waitingFor.join('\n')}`, {
      hint: `logs are in ${config.logDirectory ?? `${config.directory}/logs`}`,
    });
  }
  events.progress(`in sync after ${seconds} s`);
  return env;
}

/** SIGTERM, SIGINT, or the launcher gone. */
function stopAsked(events: EventChannel): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
    void events.closed.then(resolve);
  });
}

function messageOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
