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
/**
 * Says the number of nft first. The errors go where the rest goes, in order; a shell that cannot limit memory runs it
 * all the same. When standard input ends, as it does with policyd however that ends, nft is killed: it would wait for
 * the next change of the ruleset to find that nobody reads, and keep its network namespace until then.
 */
const SCRIPT = `ulimit -v ${MEMORY_KIB} 2>/dev/null
exec 3<&0
"$1" -c 'echo $$; exec "$0" monitor 2>&1' "$0" 3<&- & nft=$!
( read -r _ <&3; kill -9 $nft ) >/dev/null 2>&1 & watch=$!
wait $nft; status=$?
kill $watch
exit $status`;
const LOOK_MS = 10;
/** It loads every table, foreign ones too: 1.2 s beside 100,000 elements. */
const LOADED_MS = 30_000;

/** Until it ends by itself, or the signal. Why it ended, in words. */
export async function runMonitor(options: MonitorOptions, signal: AbortSignal): Promise<string> {
  const { binary, line, clock, shell = '/bin/sh' } = options;
  const process = execa(shell, ['-c', SCRIPT, binary, shell], {
    buffer: false,
    reject: false,
    stdin: 'pipe',
    stderr: 'ignore',
    // Else it takes the signals that end policyd for its own, and ends policyd by them.
    cleanup: false,
    env: { LC_ALL: 'C' },
  });
  let nft: number | null = null;
  const split = new Lines((text) => {
    if (nft === null) nft = Number(text);
    else line(text);
  });
  process.stdout.setEncoding('latin1');
  process.stdout.on('data', (chunk: string) => split.take(chunk));
  // Nothing is killed by number: what could not be started has none, and that would mean the group of whoever asks.
  const kill = (): void => {
    process.stdin.destroy();
  };
  process.stdin.on('error', () => undefined);
  const ended = new AbortController();
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  let slow = false;
  const waiting = listens(() => nft, clock, ended.signal).then((does) => {
    if (does) options.listening();
    else if (!ended.signal.aborted) {
      slow = true;
      kill();
    }
  });
  const result = await process;
  ended.abort();
  signal.removeEventListener('abort', kill);
  await waiting;
  if (slow) return `nft monitor did not listen within ${LOADED_MS / 1000} s`;
  if (process.pid === undefined)
    return `nft monitor could not be started: ${result.shortMessage ?? 'no reason'}`;
  const how = result.signal === undefined ? `status ${result.exitCode ?? 'none'}` : result.signal;
  return `nft monitor ended with ${how}${split.last === String(nft) ? '' : `: ${split.last}`}`;
}

async function listens(nft: () => number | null, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const end = clock.now() + LOADED_MS;
  while (!signal.aborted && clock.now() < end) {
    const pid = nft();
    if (pid !== null && hasJoined(pid)) return true;
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
