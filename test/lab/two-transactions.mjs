// Stands in for nft where the agent commits, and does it wrong, as the file MODE says: what must be noticed.
//   split    what is taken away in one transaction, what is added in the next
//   rewrite  the table deleted in one transaction, and written again in the next
//   slow     right, but late: the agent can be killed while it waits
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const [mode, nft, ...args] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'two-transactions-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const TABLE = ['table', 'inet', 'policyd'];

function run(...words) {
  const { status, stdout, stderr } = spawnSync(nft, words, { encoding: 'utf8', maxBuffer: 100_000_000 });
  if (status === 0) return stdout;
  process.stderr.write(stderr);
  process.exit(status ?? 1);
}

function commit(commands, name) {
  if (commands.length === 0) return;
  const file = join(directory, name);
  writeFileSync(file, JSON.stringify({ nftables: commands }));
  run('-j', '-f', file);
}

const { nftables } = JSON.parse(readFileSync(args.at(-1), 'utf8'));
switch (mode) {
  case 'split': {
    const additions = nftables.findLastIndex((command) => !('add' in command)) + 1;
    commit(nftables.slice(0, additions), 'first');
    commit(nftables.slice(additions), 'second');
    break;
  }
  case 'rewrite': {
    const saved = join(directory, 'saved');
    writeFileSync(saved, run('list', ...TABLE));
    run('delete', ...TABLE);
    run('-f', saved);
    commit(nftables, 'rest');
    break;
  }
  case 'slow':
    await delay(150);
    commit(nftables, 'late');
    break;
}
