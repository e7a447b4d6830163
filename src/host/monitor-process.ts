/**
 * `nft monitor` as a process of its own. Guarantees: its memory is bounded, and so is what is kept of its output,
 * however long its lines are; it says when it listens, which it does only after it has loaded every table.
 */
import { readlinkSync } from 'node:fs';
import { execa } from 'execa';
import { LONGEST_LINE } from '../nft/monitor.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import { list, read } from './proc-files.ts';

export interface MonitorOptions {
  readonly binary: string;
  /** `/bin/sh` unless given. */
  readonly shell?: string;
  readonly clock: Clock;
  readonly line: (text: string) => void;
  readonly listening: () => void;
}

/** Kibibytes of address space: about a million elements, of whomever. */
const MEMORY_KIB = 768 * 1024;
/** The errors go where the rest goes, in order; a shell that cannot limit memory runs it all the same. */
const SCRIPT = `ulimit -v ${MEMORY_KIB} 2>/dev/null; exec "$0" monitor 2>&1`;
const LOOK_MS = 10;
/** It loads every table, foreign ones too: 1.2 s beside 100,000 elements. */
const LOADED_MS = 30_000;

/** Until it ends by itself, or the signal. Why it ended, in words. */
export async function runMonitor(options: MonitorOptions, signal: AbortSignal): Promise<string> {
  const { binary, line, clock, shell = '/bin/sh' } = options;
  const process = execa(shell, ['-c', SCRIPT, binary], {
    buffer: false,
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
    killSignal: 'SIGKILL',
    // Else it takes the signals that end policyd for its own, and ends policyd by them.
    cleanup: false,
    env: { LC_ALL: 'C' },
  });
  const split = new Lines(line);
  process.stdout.setEncoding('latin1');
  process.stdout.on('data', (chunk: string) => split.take(chunk));
  const ended = new AbortController();
  const { pid } = process;
  const kill = (): void => {
    // What could not be started has no number, and to kill that would mean the group of whoever asks.
    if (pid !== undefined) process.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  let slow = false;
  const waiting = listens(pid, clock, ended.signal).then((does) => {
    if (does) options.listening();
    else if (pid !== undefined && !ended.signal.aborted) {
      slow = true;
      kill();
    }
  });
  const result = await process;
  ended.abort();
  signal.removeEventListener('abort', kill);
  await waiting;
  if (slow) return `nft monitor did not listen within ${LOADED_MS / 1000} s`;
  if (pid === undefined) return `nft monitor could not be started: ${result.shortMessage ?? 'no reason'}`;
  const how = result.signal === undefined ? `status ${result.exitCode ?? 'none'}` : result.signal;
  return `nft monitor ended with ${how}${split.last === '' ? '' : `: ${split.last}`}`;
}

async function listens(pid: number | undefined, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const end = clock.now() + LOADED_MS;
  while (pid !== undefined && !signal.aborted && clock.now() < end) {
    if (hasJoined(pid)) return true;
    await sleep(clock, LOOK_MS, signal);
  }
  return false;
}

const NETFILTER = '12';
/** NFNLGRP_NFTABLES, of which membership begins after the tables have been loaded. */
const GROUP = 1 << 6;

/** In /proc/PID/net/netlink, which is of that process's network namespace: the socket is one it holds. */
function hasJoined(pid: number): boolean {
  const sockets = (read(`/proc/${pid}/net/netlink`) ?? '').split('\n').flatMap((text) => {
    const [, protocol, port, groups = '', , , , , , inode] = text.trim().split(/\s+/);
    const joined = protocol === NETFILTER && (Number.parseInt(groups, 16) & GROUP) !== 0;
    return joined ? [{ port, inode }] : [];
  });
  if (sockets.length === 0) return false;
  const held = list(`/proc/${pid}/fd`).map((file) => target(`/proc/${pid}/fd/${file}`));
  return sockets.some(({ port, inode }) => port === String(pid) || held.includes(`socket:[${inode}]`));
}

function target(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}

/** Cuts what comes in chunks into lines, and long lines short. */
class Lines {
  readonly #line: (text: string) => void;
  #begun = '';
  /** The last words. */
  last = '';

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  take(chunk: string): void {
    let from = 0;
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
      this.#grow(chunk, from, at);
      this.last = this.#begun;
      this.#line(this.#begun);
      this.#begun = '';
      from = at + 1;
    }
    this.#grow(chunk, from, chunk.length);
  }

  #grow(chunk: string, from: number, to: number): void {
    const room = LONGEST_LINE - this.#begun.length;
    if (room > 0) this.#begun += chunk.slice(from, Math.min(to, from + room));
  }
}
