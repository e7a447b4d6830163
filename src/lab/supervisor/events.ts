import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { SupervisorEvent } from './config.ts';
import type { Report } from './report.ts';

/** The launcher's ear: one JSON object a line. Without a channel events go to standard error. */
export interface EventChannel extends Report {
  send(event: SupervisorEvent): void;
  /** Resolves when the launcher's end closes; never, when the channel cannot tell. */
  readonly closed: Promise<void>;
  /** Resolves once everything is written. */
  flush(): Promise<void>;
}

/**
 * `fd`: the inherited end of the channel; null or one that is not open: standard error. Sending to an end that
 * is gone is no error.
 */
export function openEventChannel(fd: number | null): EventChannel {
  const socket = fd !== null && isSocket(fd) ? new Socket({ fd, readable: true, writable: true }) : null;
  const target = fd !== null && isOpen(fd) ? fd : 2;
  const closed = new Promise<void>((resolve) => {
    if (socket === null) return;
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
  });
  const send = (event: SupervisorEvent): void => {
    const line = `${JSON.stringify(event)}\n`;
    if (socket === null) writeSync(target, line);
    else if (socket.writable) socket.write(line);
  };
  return {
    send,
    closed,
    progress: (message) => send({ event: 'progress', message }),
    warning: (message) => send({ event: 'warning', message }),
    flush: () =>
      new Promise((resolve) => {
        if (socket === null || !socket.writable) resolve();
        else socket.end(() => resolve());
      }),
  };
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function isOpen(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isFile() || stat.isCharacterDevice();
  } catch {
    return false;
  }
}
