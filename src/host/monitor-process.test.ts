/** The monitor that does not work; the real one is in test/kernel. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SYSTEM_CLOCK } from '../time/system-clock.ts';
import { runMonitor } from './monitor-process.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'monitor-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function played(script: string): string {
  const file = join(directory, 'nft');
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  return file;
}

async function run(
  binary: string,
  signal: AbortSignal,
  shell?: string,
): Promise<{ end: string; lines: string[] }> {
  const lines: string[] = [];
  const listening = (): void => {
    throw new Error('it does not listen');
  };
  const options = { binary, clock: SYSTEM_CLOCK, line: (text: string) => lines.push(text), listening };
  return { end: await runMonitor(shell === undefined ? options : { ...options, shell }, signal), lines };
}

const never = new AbortController().signal;

test('its end is told with its last words, of either stream', async () => {
  const { end, lines } = await run(played('echo one; echo two >&2; exit 3'), never);
  expect(end).toBe('nft monitor ended with status 3: two');
  expect(lines).toEqual(['one', 'two']);
});

test('of a line only the beginning is kept, however long it is', async () => {
  const { lines } = await run(played('head -c 5000000 /dev/zero | tr "\\\\0" a; echo; echo end'), never);
  expect(lines.map(({ length }) => length)).toEqual([700, 3]);
});

test('without a shell, or without nft, it ends, and nobody else does', async () => {
  expect((await run('nft', never, join(directory, 'absent'))).end).toMatch(
    /^nft monitor could not be started: .*ENOENT/,
  );
  expect((await run(join(directory, 'absent'), never)).end).toMatch(/^nft monitor ended with status 127: /);
});

test('the signal ends it', async () => {
  const stop = new AbortController();
  const running = run(played('echo up; exec sleep 1000'), stop.signal);
  setTimeout(() => stop.abort(), 100);
  expect((await running).end).toBe('nft monitor ended with status 137: up');
});
